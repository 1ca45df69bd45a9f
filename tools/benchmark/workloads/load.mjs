// Loading the module in a fresh process.

import { performance } from 'node:perf_hooks'
import { findPeer, PEERS } from '../../shared/peers/index.mjs'

export const variants = PEERS
export const repeats = 3

/** @type {import('./index.mjs').Workload['run']} */
export async function run(variant, { url }) {
  const load = await findPeer(variant)
  const start = performance.now()
  await load(url)
  return { ms: performance.now() - start }
}
