// 50 pages of 1,000 events, each known only when the one before was read.

import { PEERS } from '../../shared/peers/index.mjs'
import { measure } from '../measure.mjs'
import { checkRead, loadPeer, warmUp } from './common.mjs'

const PAGES = 50
const ENTRIES = PAGES * 1000

export const variants = PEERS
export const needs = { pages: PAGES }

/** @type {import('./index.mjs').Workload['run']} */
export async function run(variant, context) {
  const peer = await loadPeer(variant, context)
  await warmUp(peer, context)
  const measured = await measure(() => peer.readEvents('session-0'), { ...context, hold: true })
  checkRead(measured.result, ENTRIES)
  const { wall, active, cpu, hold, peak, server } = measured
  return { wall, active, cpu, hold, peak, server }
}
