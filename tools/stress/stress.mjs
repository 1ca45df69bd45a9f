// One stress run from beginning to end.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { between, createRandom } from '../shared/random.mjs'
import { check } from './check.mjs'
import { makeEntries } from './entries.mjs'
import { FaultInjector } from './fault-injector.mjs'
import { SECOND_WRITER, SecondWriter } from './second-writer.mjs'
import { Supervisor } from './supervisor.mjs'

const CLIENT = fileURLToPath(new URL('client.mjs', import.meta.url))
/** For a run that would never end. A slow machine has time enough. */
const END_AFTER_MS = 20 * 60_000
const ENTRIES_FOR_EACH_KILL = 500
const MOST_KILLS = 6

/**
 * @typedef {object} Options
 * @property {number} seed
 * @property {import('./rules.mjs').Rule} [rule]
 * @property {number} [processes] that append to the same sessions
 * @property {number} [entries] of all processes
 * @property {number} [sessions]
 * @property {number} [attempts] of each append: how many it takes depends on the machine's speed, and so there are plenty
 * @property {boolean} [again] an append that ends `false` is made again until it succeeds
 *
 * @typedef {object} Conditions
 * @property {Record<string, number>} faults how often each was injected
 * @property {number} conflicts
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
  } = options
  const start = performance.now()
  const names = Array.from({ length: processes }, (_, index) => `client-${index}`)
  const shared = { seed, entries: Math.floor(entries / processes), sessions }
  const injector = new FaultInjector({
    seed,
    writer: SECOND_WRITER,
    doomed: chooseDoomed({ ...shared, client: names[0] }),
    isReady: () => supervisor.ready,
  })
  const dir = await mkdtemp(join(tmpdir(), 'session-ingress-stress-'))
  const supervisor = await Supervisor.start(dir, (told) => {
    if (told.kind === 'request') return injector.inject(told.request)
    if (told.kind === 'meanwhile') return writer.append(told.session)
    if (told.kind === 'note') injector.note(told.what, told.uuid)
  })
  supervisor.onKilled = () => injector.killed()
  const writer = new SecondWriter({ seed, base: () => supervisor.url })
  const run = { ...shared, rule, attempts, again, base: supervisor.url }
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
    const { injected: faults, conflicts, meanwhiles } = injector
    const { kills, longestOutage } = supervisor
    const seconds = (performance.now() - start) / 1000
    return {
      ...verdict,
      conditions: { faults, conflicts, meanwhiles, secondWriter: writer.count, kills, longestOutage, seconds },
    }
  } finally {
    clearTimeout(tooLong)
    writer.stop()
    endClients()
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

/** Entries at which the service is killed, far from each other. @param {Parameters<typeof makeEntries>[0]} run */
function chooseDoomed(run) {
  const random = createRandom(run.seed, 'doomed')
  const logs = makeEntries(run)
  const kills = Math.min(MOST_KILLS, Math.floor(run.entries / ENTRIES_FOR_EACH_KILL))
  return Array.from({ length: kills }, (_, kill) => {
    const log = logs[between(random, 0, logs.length)]
    // Sessions go on at about the same pace.
    const place = Math.floor(((kill + 0.5 * random()) / kills) * log.length)
    return log[place]?.uuid ?? ''
  })
}
