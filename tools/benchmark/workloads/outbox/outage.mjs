// An outage, and the recovery from it: entries that wait, what stands on the disk, and memory, at each moment.

import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeEntries } from '../../../shared/entries.mjs'
import { memory } from '../../measure.mjs'
import { startRelay } from '../../relay.mjs'
import { appendUrl } from '../common.mjs'
import { bytesIn, loadWith, makeFolder } from './common.mjs'

const SESSIONS = 4
const BEFORE_MS = 4000
const OUTAGE_MS = 30_000
const AFTER_MS = 4000
/** Appended at once, and how often. */
const BURST = 50
const EVERY_MS = 100
/** For a recovery that would never end. */
const LONGEST_MS = 60_000

export const variants = ['on']

/** @type {import('../index.mjs').Workload['run']} */
export async function run(variant, context) {
  const relay = await startRelay(context)
  const dir = makeFolder(context)
  const peer = await loadWith(variant, { ...context, url: relay.url }, { dir, maxDelayMs: 2000 })
  const { configure, flush, sessionStats } = await import('session-ingress')
  configure({ retry: { maxAttempts: 3, baseDelayMs: 100 } })
  const entries = makeEntries(Number.POSITIVE_INFINITY)
  const start = performance.now()
  /** @type {{ at: number, waiting: number, disk: number, memory: number }[]} */
  const samples = []
  let appended = 0
  const sample = () => {
    const { pending, deferred } = sessionStats()
    globalThis.gc?.()
    const waiting = pending + deferred
    samples.push({ at: Math.round(performance.now() - start), waiting, disk: bytesIn(dir) / 1e6, memory: memory() })
    return waiting
  }
  /** @param {number} ms */
  const appendFor = async (ms) => {
    for (const end = performance.now() + ms; performance.now() < end; await sleep(EVERY_MS)) {
      for (let count = 0; count < BURST; count += 1) {
        const session = appended % SESSIONS
        void peer.append(`session-${session}`, entries.next().value, appendUrl({ ...context, url: relay.url }, session))
        appended += 1
      }
      sample()
    }
  }
  await appendFor(BEFORE_MS)
  const before = samples.at(-1)
  const left = performance.now()
  await relay.leave()
  await appendFor(OUTAGE_MS)
  const during = samples.at(-1)
  const back = performance.now()
  await relay.comeBack()
  await appendFor(AFTER_MS)
  while (sample() > 0 && performance.now() - back < LONGEST_MS) await sleep(EVERY_MS)
  if (!(await flush({ deferred: true, timeoutMs: LONGEST_MS }))) throw new Error('entries were left after the outage')
  await sleep(1000)
  sample()
  relay.close()
  const after = samples.at(-1)
  return {
    appended,
    waiting: during?.waiting,
    grown: (during?.memory ?? Number.NaN) - (before?.memory ?? Number.NaN),
    left: (after?.memory ?? Number.NaN) - (before?.memory ?? Number.NaN),
    disk: after?.disk,
    outage: [left - start, back - start].map(Math.round),
    samples,
  }
}
