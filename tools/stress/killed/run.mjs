// One run of kills from beginning to end.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { between, createRandom } from '../../shared/random.mjs'
import { FaultInjector } from '../fault-injector.mjs'
import { SECOND_WRITER, SecondWriter } from '../second-writer.mjs'
import { Supervisor } from '../supervisor.mjs'
import { check } from './check.mjs'
import { Killer } from './killer.mjs'

/** Kills of the service, in the time of a run. */
const SERVICE_KILL_MS = 3000

/**
 * @typedef {object} Options
 * @property {number} seed
 * @property {number} [kills]
 * @property {number} [sessions]
 * @property {number} [hosts] that live at the same time, each with sessions of its own
 * @property {boolean} [shared] all hosts use one folder, and one session besides their own
 * @property {boolean} [outbox] without one, what waits in memory is lost
 */

/** @param {Options} options */
export async function runKills({ seed, kills = 2000, sessions = 50, hosts = 2, shared = false, outbox = true }) {
  const start = performance.now()
  const injector = new FaultInjector({ seed, writer: SECOND_WRITER, doomed: [], isReady: () => supervisor.ready })
  const folder = await mkdtemp(join(tmpdir(), 'session-ingress-kills-'))
  const logs = join(folder, 'logs')
  const supervisor = await Supervisor.start(logs, (told) => {
    if (told.kind === 'request') return injector.inject(told.request)
    if (told.kind === 'meanwhile') return writer.append(told.session)
  })
  const writer = new SecondWriter({ seed, base: () => supervisor.url })
  const all = Array.from({ length: sessions }, (_, session) => session)
  const killers = Array.from({ length: hosts }, (_, host) => {
    const own = all.filter((session) => session % hosts === host || (shared && session === 0))
    const dir = outbox ? join(folder, shared ? 'outbox' : `outbox-${host}`) : null
    return new Killer({ seed, client: `host-${host}`, base: supervisor.url, dir, logs, sessions: own })
  })
  const random = createRandom(seed, 'service')
  let isOver = false
  const killService = async () => {
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, between(random, SERVICE_KILL_MS / 2, SERVICE_KILL_MS * 2)))
      if (!isOver && supervisor.ready) supervisor.kill()
    }
  }
  try {
    const roaming = writer.roam(sessions)
    void killService()
    await Promise.all(killers.map((killer) => killer.kill(Math.ceil(kills / hosts))))
    isOver = true
    writer.stop()
    await roaming
    await writer.settled()
    await Promise.all(killers.map((killer) => killer.end()))
    await supervisor.close()
    const { unsavedMs, ...verdict } = await check({ dir: logs, sessions, killers })
    unsavedMs.sort((a, b) => a - b)
    const events = Object.fromEntries(killers.flatMap((killer) => Object.entries(killer.events)))
    return {
      verdict,
      figures: {
        kills: killers.reduce((sum, { lives }) => sum + lives.length, 0),
        'kills of the service': supervisor.kills,
        faults: Object.values(injector.injected).reduce((sum, times) => sum + times, 0),
        'second writer': writer.count,
        // Of the processes that lost something: how old it was.
        'unsaved ms, median': unsavedMs[Math.floor(unsavedMs.length / 2)] ?? 0,
        'unsaved ms, 99 %': unsavedMs[Math.floor(unsavedMs.length * 0.99)] ?? 0,
        seconds: Math.round((performance.now() - start) / 1000),
      },
      events,
    }
  } finally {
    isOver = true
    writer.stop()
    await supervisor.close()
    await rm(folder, { recursive: true })
  }
}
