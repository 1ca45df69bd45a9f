// The turns of the event loop during a large read, for the picture. A loop of immediates keeps the loop
// turning and so sees each turn; it keeps a core busy too, so nothing else is measured here.

import { performance } from 'node:perf_hooks'
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
  const turns = watchTurns()
  const start = performance.now()
  checkRead(await peer.readLog('session-0', logUrl(context, ENTRIES)), ENTRIES)
  const wall = performance.now() - start
  const holds = await turns.end(start)
  return { wall, longest: Math.max(0, ...holds.map(([from, to]) => to - from)), holds }
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
    end: async (start) => {
      // The turn that settled the promise is not over yet.
      await new Promise((resolve) => setImmediate(resolve))
      clearImmediate(next)
      return turns.map((turn) => turn.map((time) => Math.round((time - start) * 100) / 100))
    },
  }
}
