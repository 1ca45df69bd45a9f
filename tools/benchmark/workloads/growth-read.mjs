// How the cost of an entry that is read grows with the length of the log; short logs are read several times.
// The plain loop over batches shows what of it is V8's: memory that stays reachable costs its collector more.

import { measure } from '../measure.mjs'
import { checkRead, loadPeer, logUrl, warmUp } from './common.mjs'
import { readInBatches } from './read.mjs'

const SIZES = [1000, 10_000, 100_000]
const AT_LEAST = 100_000

export const variants = [...SIZES.map(String), ...SIZES.map((size) => `batches-${size}`)]
export const needs = { logs: SIZES }

/** @type {import('./index.mjs').Workload['run']} */
export async function run(variant, context) {
  const size = Number(variant.replace('batches-', ''))
  const rounds = AT_LEAST / size
  const read = variant === String(size) ? await findRead(size, context) : () => readInBatches(context, size)
  const { wall, active } = await measure(async () => {
    for (let round = 0; round < rounds; round += 1) checkRead(await read(), size)
  }, context)
  const count = rounds * size
  return { wall: (wall * 1000) / count, active: (active * 1000) / count }
}

async function findRead(size, context) {
  const peer = await loadPeer('addon', context)
  await warmUp(peer, context)
  return () => peer.readLog('session-0', logUrl(context, size))
}
