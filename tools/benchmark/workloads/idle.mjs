// What having the module loaded costs before it does anything: memory and threads.

import { setTimeout as sleep } from 'node:timers/promises'
import { PEERS } from '../../shared/peers/index.mjs'
import { memory, threads } from '../measure.mjs'
import { loadPeer, warmUp } from './common.mjs'

export const variants = PEERS

/** @type {import('./index.mjs').Workload['run']} */
export async function run(variant, context) {
  const before = await settle()
  const threadsBefore = threads()
  const peer = await loadPeer(variant, context)
  const loaded = await settle()
  const threadsLoaded = threads()
  await warmUp(peer, context)
  const used = await settle()
  return {
    memory: loaded - before,
    memoryUsed: used - before,
    threads: threadsLoaded.length - threadsBefore.length,
    threadsUsed: threads().length - threadsBefore.length,
  }
}

async function settle() {
  globalThis.gc?.()
  await sleep(100)
  globalThis.gc?.()
  return memory()
}
