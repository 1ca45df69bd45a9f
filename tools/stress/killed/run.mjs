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
import { SmallDisk } from './small-disk.mjs'

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
 * @property {number} [attempts] of each append; by default one, two or ten, by chance
 * @property {'disk' | 'limit'} [full] the disk is full now and then, or, where the user may not mount one, the shell limits
 *   the size of files; `limit`: always the latter
 */

/** @param {Options} options */
export async function runKills(options) {
  const { seed, kills = 2000, sessions = 50, hosts = 2, shared = false, outbox = true, attempts, full } = options
  const start = performance.now()
  const injector = new FaultInjector({ seed, writer: SECOND_WRITER, doomed: [], isReady: () => supervisor.ready })
  const folder = await mkdtemp(join(tmpdir(), 'session-ingress-kills-'))
  const logs = join(folder, 'logs')
  const supervisor = await Supervisor.start(logs, (told) => {
    if (told.kind === 'request') return injector.inject(told.request)
    if (told.kind === 'meanwhile') return writer.append(told.session)
  })
  const writer = new SecondWriter({ seed, base: () => supervisor.url })
  const disk = full === 'disk' ? SmallDisk.mount(join(folder, 'disk')) : undefined
  const limited = full !== undefined && disk === undefined
  const all = Array.from({ length: sessions }, (_, session) => session)
  const killers = Array.from({ length: hosts }, (_, host) => {
    const own = all.filter((session) => session % hosts === host || (shared && session === 0))
    const dir = outbox ? join(folder, disk ? 'disk' : '', shared ? 'outbox' : `outbox-${host}`) : null
    const client = `host-${host}`
    return new Killer({ seed, client, base: supervisor.url, dir, logs, sessions: own, attempts, limited })
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
    void disk?.fillNowAndThen(seed, 'disk')
    await Promise.all(killers.map((killer) => killer.kill(Math.ceil(kills / hosts))))
    isOver = true
    disk?.free()
    writer.stop()
    await roaming
    await writer.settled()
    await Promise.all(killers.map((killer) => killer.end()))
    await supervisor.close()
    const { unsavedMs, ...verdict } = await check({ dir: logs, sessions, shared, killers })
    unsavedMs.sort((a, b) => a - b)
    const events = sumEvents(killers)
    return {
      verdict,
      figures: {
        kills: killers.reduce((sum, { lives }) => sum + lives.length, 0),
        'kills of the service': supervisor.kills,
        faults: Object.values(injector.injected).reduce((sum, times) => sum + times, 0),
        'second writer': writer.count,
        ...(full && { 'full disks': disk?.windows ?? 'by ulimit' }),
        // How old the oldest entry of a process was that nobody has, while the disk worked; 0 where there was none.
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
    disk?.unmount()
    await rm(folder, { recursive: true })
  }
}

/** @param {Killer[]} killers */
function sumEvents(killers) {
  /** @type {Record<string, number>} */
  const sums = {}
  for (const { events } of killers) {
    for (const [event, times] of Object.entries(events)) sums[event] = (sums[event] ?? 0) + times
  }
  return sums
}
