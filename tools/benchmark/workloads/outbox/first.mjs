// The first append of a session, which looks into the folder for what earlier processes left.

import { performance } from 'node:perf_hooks'
import { makeFlatEntries } from '../../../shared/entries.mjs'
import { median } from '../../measure.mjs'
import { appendUrl, checkAppended, warmUp } from '../common.mjs'
import { loadWith, OFF_AND_ON } from './common.mjs'

const FIRSTS = 300

export const variants = OFF_AND_ON
export const repeats = 3

/** @type {import('../index.mjs').Workload['run']} */
export async function run(variant, context) {
  const peer = await loadWith(variant, context)
  await warmUp(peer, context)
  const times = []
  for (const [index, entry] of makeFlatEntries(FIRSTS).entries()) {
    const start = performance.now()
    const appended = await peer.append(`first-${index}`, entry, appendUrl(context, `first-${index}`))
    times.push(performance.now() - start)
    checkAppended([appended])
  }
  return { wall: median(times) }
}
