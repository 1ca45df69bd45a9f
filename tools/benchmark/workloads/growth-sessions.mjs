// How an append's cost grows with the sessions that run beside each other: 10,000 in all.

import { makeFlatEntries } from '../../shared/entries.mjs'
import { measure } from '../measure.mjs'
import { appendUrl, checkAppended, loadPeer, warmUp } from './common.mjs'

const APPENDS = 10_000

export const variants = ['1', '10', '100', '1000']

/** @type {import('./index.mjs').Workload['run']} */
export async function run(variant, context) {
  const sessions = Number(variant)
  const peer = await loadPeer('addon', context)
  const entries = makeFlatEntries(APPENDS)
  const urls = Array.from({ length: sessions }, (_, session) => appendUrl(context, session))
  const append = (entry, index) => peer.append(`session-${index % sessions}`, entry, urls[index % sessions])
  await warmUp(peer, context)
  // Connections stand, as many as there will be.
  checkAppended(await Promise.all(entries.slice(0, sessions).map(append)))
  const { result, wall, active } = await measure(() => Promise.all(entries.map(append)), context)
  checkAppended(result)
  return { wall: (wall * 1000) / APPENDS, active: (active * 1000) / APPENDS }
}
