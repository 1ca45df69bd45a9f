// Reading a log of 1,000 entries: the first one of a process, and later ones.

import { performance } from 'node:perf_hooks'
import { PEERS } from '../../shared/peers/index.mjs'
import { measure, median } from '../measure.mjs'
import { checkRead, loadPeer, logUrl } from './common.mjs'

const ENTRIES = 1000
const READS = 25

export const variants = PEERS
export const needs = { logs: [ENTRIES] }

/** @type {import('./index.mjs').Workload['run']} */
export async function run(variant, context) {
  const peer = await loadPeer(variant, context)
  const read = () => peer.readLog('session-0', logUrl(context, ENTRIES))
  const first = await measure(read, context)
  checkRead(first.result, ENTRIES)
  const later = []
  for (let count = 0; count < READS; count += 1) {
    const start = performance.now()
    checkRead(await read(), ENTRIES)
    later.push(performance.now() - start)
  }
  return { first: first.wall, later: median(later) }
}
