// Appends of another session while a log of 50,000 entries is read: how long the slowest of them waits.

import { performance } from 'node:perf_hooks'
import { PEERS } from '../../shared/peers/index.mjs'
import { measure } from '../measure.mjs'
import { appendUrl, checkAppended, checkRead, loadPeer, logUrl, warmUp } from './common.mjs'

const ENTRIES = 50_000

export const variants = PEERS
export const needs = { logs: [ENTRIES] }

/** @type {import('./index.mjs').Workload['run']} */
export async function run(variant, context) {
  const peer = await loadPeer(variant, context)
  await warmUp(peer, context)
  let isReading = true
  let slowest = 0
  const append = async () => {
    for (let count = 0; isReading; count += 1) {
      const start = performance.now()
      checkAppended([await peer.append('session-1', { uuid: `beside-${count}` }, appendUrl(context, 1))])
      slowest = Math.max(slowest, performance.now() - start)
    }
  }
  const read = async () => {
    const entries = await peer.readLog('session-0', logUrl(context, ENTRIES))
    isReading = false
    return entries
  }
  const { result } = await measure(async () => (await Promise.all([read(), append()]))[0], context)
  checkRead(result, ENTRIES)
  return { slowest }
}
