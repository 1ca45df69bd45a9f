// Appending the smallest and the largest of entries: 100 bytes, and 12 MB (an image, a whole build log).

import { performance } from 'node:perf_hooks'
import { PEERS } from '../../shared/peers/index.mjs'
import { measure, median } from '../measure.mjs'
import { appendUrl, checkAppended, largeAppendUrl, loadPeer } from './common.mjs'

const LARGE_BYTES = 12 * 1024 ** 2
const LINE = 'warning: unused variable: `offset` (line 41)\n'

export const variants = PEERS

/** @type {import('./index.mjs').Workload['run']} */
export async function run(variant, context) {
  const peer = await loadPeer(variant, context)
  const append = (entry) => peer.append('session-0', entry, appendUrl(context, 0))
  const appendLarge = (entry) => peer.append('session-0', entry, largeAppendUrl(context))
  const first = await measure(() => append(entryOf(100)), context)
  checkAppended([first.result])
  return {
    first: first.wall,
    small: await timeAppends(append, entryOf(100), 1000),
    large: await timeAppends(appendLarge, entryOf(LARGE_BYTES), 9),
  }
}

/** An entry of this many bytes as JSON, with a string that is flat. */
function entryOf(bytes) {
  const entry = { uuid: '00000000-0000-4000-8000-000000000000', type: 'user', text: '' }
  const room = bytes - JSON.stringify(entry).length
  const text = LINE.repeat(Math.ceil(room / (LINE.length + 1))).slice(0, Math.max(0, room))
  return JSON.parse(JSON.stringify({ ...entry, text }))
}

async function timeAppends(append, entry, count) {
  const times = []
  for (let index = 0; index < count; index += 1) {
    const start = performance.now()
    checkAppended([await append(entry)])
    times.push(performance.now() - start)
  }
  return median(times)
}
