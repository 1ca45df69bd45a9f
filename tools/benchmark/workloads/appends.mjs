// 10,000 appends over 64 sessions, all called at once: a host that catches up, and the queues of one that does
// not wait.

import { performance } from 'node:perf_hooks'
import { makeFlatEntries } from '../../shared/entries.mjs'
import { PEERS } from '../../shared/peers/index.mjs'
import { measure } from '../measure.mjs'
import { appendUrl, checkAppended, loadPeer } from './common.mjs'

const APPENDS = 10_000
const SESSIONS = 64

export const variants = PEERS

/** @type {import('./index.mjs').Workload['run']} */
export async function run(variant, context) {
  const peer = await loadPeer(variant, context)
  const entries = makeFlatEntries(APPENDS)
  const urls = Array.from({ length: SESSIONS }, (_, session) => appendUrl(context, session))
  const append = (entry, index) => peer.append(`session-${index % SESSIONS}`, entry, urls[index % SESSIONS])
  // Every session has appended before: connections stand.
  checkAppended(await Promise.all(entries.slice(0, SESSIONS).map(append)))
  const { result, wall, active, cpu, total, server } = await measure(() => Promise.all(entries.map(append)), context)
  checkAppended(result)
  return {
    wall,
    active: (active * 1000) / APPENDS,
    cpu: (cpu * 1000) / APPENDS,
    total: (total * 1000) / APPENDS,
    server: (server * 1000) / APPENDS,
    stringify: (timeStringify(entries) * 1000) / APPENDS,
  }
}

/** The floor: what no client can do without, on the same entries in the same process. */
function timeStringify(entries) {
  const start = performance.now()
  for (const entry of entries) JSON.stringify(entry)
  return performance.now() - start
}
