// How an append's cost grows with the appends that wait in the same session's queue: that many at once, as often
// as it takes for 10,000 in all.

import { makeFlatEntries } from '../../shared/entries.mjs'
import { measure } from '../measure.mjs'
import { appendUrl, checkAppended, loadPeer, warmUp } from './common.mjs'

const AT_LEAST = 10_000

export const variants = ['10', '100', '1000', '10000', '100000']

/** @type {import('./index.mjs').Workload['run']} */
export async function run(variant, context) {
  const queued = Number(variant)
  const rounds = Math.max(1, AT_LEAST / queued)
  const peer = await loadPeer('addon', context)
  // Each of its own: an append of an entry that is pending already would join that one, and send nothing.
  const made = makeFlatEntries(AT_LEAST)
  const entries = Array.from({ length: rounds * queued }, (_, index) => {
    const entry = made[index % AT_LEAST]
    return index < AT_LEAST ? entry : { ...entry, uuid: `${entry.uuid}-${index}` }
  })
  const url = appendUrl(context, 0)
  await warmUp(peer, context)
  const { wall, active } = await measure(async () => {
    for (let round = 0; round < rounds; round += 1) {
      const appends = []
      for (let index = 0; index < queued; index += 1) {
        appends.push(peer.append('session-0', entries[round * queued + index], url))
      }
      checkAppended(await Promise.all(appends))
    }
  }, context)
  const count = rounds * queued
  return { wall: (wall * 1000) / count, active: (active * 1000) / count }
}
