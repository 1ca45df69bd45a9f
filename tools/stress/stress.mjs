// One stress run from beginning to end.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { between, createRandom } from '../shared/random.mjs'
import { check } from './check.mjs'
import { makeEntries } from './entries.mjs'
import { FaultInjector } from './fault-injector.mjs'
import { LIMIT_MS } from './faults.mjs'
import { RepeatingProxy } from './repeating-proxy.mjs'
import { SECOND_WRITER, SecondWriter } from './second-writer.mjs'
import { Supervisor } from './supervisor.mjs'

const CLIENT = fileURLToPath(new URL('client.mjs', import.meta.url))
/** For a run that would never end. A slow machine has time enough. */
const END_AFTER_MS = 20 * 60_000
const ENTRIES_FOR_EACH_KILL = 500
const MOST_KILLS = 6
/** Longer than clients wait: their limits have run out when they go on. */
const STOP_MS = LIMIT_MS * 1.5
const ENTRIES_FOR_EACH_STOP = 100
const MOST_STOPS = 20

/**
 * @typedef {object} Options
 * @property {number} seed
 * @property {import('./rules.mjs').Rule} [rule]
 * @property {number} [processes] that append to the same sessions
 * @property {number} [entries] of all processes
 * @property {number} [sessions]
 * @property {number} [attempts] of each append: how many it takes depends on the machine's speed, and so there are plenty
 * @property {boolean} [again] an append that ends `false` is made again until it succeeds
 * @property {boolean} [repeats] clients reach the service through a proxy that repeats what got no response
 * @property {boolean} [verifyConflicts]
 * @property {boolean} [stops] the first client's process is stopped for longer than its limits, again and again
 *
 * @typedef {object} Conditions
 * @property {Record<string, number>} faults how often each was injected
 * @property {number} conflicts
 * @property {number} mostConflicts of one entry
 * @property {number} repeated PUTs that the proxy sent a second time
 * @property {number} stops
 * @property {number} meanwhiles faults during which the second writer appended
 * @property {number} secondWriter entries of it
 * @property {number} kills
 * @property {number} longestOutage ms
 * @property {number} seconds
 */

/** @param {Options} options @returns {Promise<import('./check.mjs').Verdict & { conditions: Conditions }>} */
export async function runStress(options) {
  const {
    seed,
    rule = 'ours',
    processes = 1,
    entries = 10_000,
    sessions = 50,
    attempts = 1000,
    again = false,
    repeats = false,
    verifyConflicts = false,
    stops = false,
  } = options
  const start = performance.now()
  const names = Array.from({ length: processes }, (_, index) => `client-${index}`)
  const shared = { seed, entries: Math.floor(entries / processes), sessions }
  const first = { ...shared, client: names[0] }
  const kills = Math.min(MOST_KILLS, Math.floor(shared.entries / ENTRIES_FOR_EACH_KILL))
  const injector = new FaultInjector({
    seed,
    writer: SECOND_WRITER,
    doomed: chooseEntries(first, 'doomed', kills),
    isReady: () => supervisor.ready,
  })
  const stopCount = stops ? Math.min(MOST_STOPS, Math.floor(shared.entries / ENTRIES_FOR_EACH_STOP)) : 0
  const stoppedAt = new Set(chooseEntries(first, 'stopped', stopCount))
  let stopped = 0
  const dir = await mkdtemp(join(tmpdir(), 'session-ingress-stress-'))
  const supervisor = await Supervisor.start(dir, (told) => {
    if (told.kind === 'request') {
      // The response comes while the process stands still.
      if (stoppedAt.delete(told.request.uuid)) {
        stopped += 1
        stop(children[0].child)
      }
      return injector.inject(told.request)
    }
    if (told.kind === 'meanwhile') return writer.append(told.session)
    if (told.kind === 'note') injector.note(told.what, told.uuid)
  })
  supervisor.onKilled = () => injector.killed()
  const writer = new SecondWriter({ seed, base: () => supervisor.url })
  const proxy = repeats ? await RepeatingProxy.start(supervisor.port) : undefined
  const run = { ...shared, rule, attempts, again, verifyConflicts, base: (proxy ?? supervisor).url }
  const children = names.map((client) => startClient({ ...run, client }))
  const endClients = () => {
    for (const { child } of children) child.kill('SIGKILL')
  }
  const tooLong = setTimeout(endClients, END_AFTER_MS)
  try {
    const roaming = writer.roam(sessions)
    const clients = await Promise.all(children.map(({ result }) => result))
    writer.stop()
    await roaming
    await writer.settled()
    await supervisor.close()
    const verdict = await check({
      dir,
      ...shared,
      clients,
      secondWriter: writer.appended,
      history: (uuid) => injector.history(uuid),
    })
    const { injected: faults, conflicts, mostConflicts, meanwhiles } = injector
    const conditions = {
      ...{ faults, conflicts, mostConflicts, meanwhiles },
      ...{ repeated: proxy?.repeated ?? 0, stops: stopped, secondWriter: writer.count },
      ...{ kills: supervisor.kills, longestOutage: supervisor.longestOutage },
      seconds: (performance.now() - start) / 1000,
    }
    return { ...verdict, conditions }
  } finally {
    clearTimeout(tooLong)
    writer.stop()
    endClients()
    proxy?.close()
    await supervisor.close()
    await rm(dir, { recursive: true })
  }
}

/** @param {Record<string, any> & { client: string }} run */
function startClient(run) {
  const child = fork(CLIENT, [JSON.stringify(run)], {
    env: { ...process.env, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' },
  })
  /** @type {import('./client.mjs').Outcome[]} */
  let outcomes = []
  child.once('message', (message) => {
    outcomes = /** @type {import('./client.mjs').Outcome[]} */ (message)
  })
  const result = once(child, 'exit').then(([code, signal]) => {
    if (code !== 0) throw new Error(`${run.client} ended with ${code ?? signal}`)
    return { client: run.client, outcomes }
  })
  // It may fail while something else is awaited.
  result.catch(() => {})
  return { child, result }
}

/** Stops a process for a time. @param {import('node:child_process').ChildProcess} child */
async function stop(child) {
  child.kill('SIGSTOP')
  await sleep(STOP_MS)
  child.kill('SIGCONT')
}

/** Entries at which something is done, far from each other. @param {Parameters<typeof makeEntries>[0]} run @param {string} what @param {number} count */
function chooseEntries(run, what, count) {
  const random = createRandom(run.seed, what)
  const logs = makeEntries(run)
  return Array.from({ length: count }, (_, index) => {
    const log = logs[between(random, 0, logs.length)]
    // Sessions go on at about the same pace.
    const place = Math.floor(((index + 0.5 * random()) / count) * log.length)
    return log[place]?.uuid ?? ''
  })
}
