// The turns of the event loop during a large read, for the picture. A loop of immediates keeps the loop
// turning and so sees each turn; it keeps a core busy too, so nothing but turns is measured here.

import { PerformanceObserver, performance } from 'node:perf_hooks'
import { checkRead, loadPeer, logUrl, warmUp } from './common.mjs'

const ENTRIES = 50_000
/** Shorter turns are the loop at rest. */
const HOLD_MS = 0.5

export const variants = ['axios', 'undici', 'addon']
export const needs = { logs: [ENTRIES] }

/** @type {import('./index.mjs').Workload['run']} */
export async function run(variant, context) {
  const peer = await loadPeer(variant, context)
  await warmUp(peer, context)
  globalThis.gc?.()
  const [turns, collections] = [watchTurns(), watchCollections()]
  const start = performance.now()
  checkRead(await peer.readLog('session-0', logUrl(context, ENTRIES)), ENTRIES)
  const wall = performance.now() - start
  const seen = await turns.end()
  const pauses = collections.end()
  const lengths = seen.map(([from, to]) => to - from)
  const ownLengths = seen.map((turn) => turn[1] - turn[0] - overlap(turn, pauses))
  return {
    wall,
    longest: Math.max(0, ...lengths),
    own: Math.max(0, ...ownLengths),
    holds: seen.map((turn) => turn.map((time) => Math.round((time - start) * 100) / 100)),
  }
}

/** How much of a turn V8's garbage collector took. */
function overlap([from, to], pauses) {
  const within = ([start, end]) => Math.max(0, Math.min(to, end) - Math.max(from, start))
  return pauses.reduce((sum, pause) => sum + within(pause), 0)
}

function watchTurns() {
  const turns = []
  let last = performance.now()
  let next = setImmediate(function look() {
    const now = performance.now()
    if (now - last >= HOLD_MS) turns.push([last, now])
    last = now
    next = setImmediate(look)
  })
  return {
    end: async () => {
      // The turn that settled the promise is not over yet.
      await new Promise((resolve) => setImmediate(resolve))
      clearImmediate(next)
      return turns
    },
  }
}

function watchCollections() {
  const pauses = []
  const note = (entries) => {
    for (const { startTime, duration } of entries) pauses.push([startTime, startTime + duration])
  }
  const observer = new PerformanceObserver((list) => note(list.getEntries()))
  observer.observe({ entryTypes: ['gc'] })
  return {
    end: () => {
      note(observer.takeRecords())
      observer.disconnect()
      return pauses
    },
  }
}
