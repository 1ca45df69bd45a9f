// Whether memory comes back: 100,000 appends and 200 reads, and then nothing.

import { setTimeout as sleep } from 'node:timers/promises'
import { makeFlatEntries } from '../../shared/entries.mjs'
import { memory } from '../measure.mjs'
import { appendUrl, checkAppended, checkRead, loadPeer, logUrl } from './common.mjs'

const WAVE = 1000
const WAVES = 100
const WARM_UP = 30
const READS = 200
const SESSIONS = 64

// Not the old module: it takes most of a minute, and nobody asks.
export const variants = ['undici', 'addon']
export const needs = { logs: [WAVE] }

/** @type {import('./index.mjs').Workload['run']} */
export async function run(variant, context) {
  const peer = await loadPeer(variant, context)
  const entries = makeFlatEntries(WAVE)
  const wave = async () => {
    const append = (entry, index) => peer.append(`s-${index % SESSIONS}`, entry, appendUrl(context, index % SESSIONS))
    checkAppended(await Promise.all(entries.map(append)))
  }
  const read = async () => checkRead(await peer.readLog('s-0', logUrl(context, WAVE)), WAVE)

  // What a process has once it has done each of them, it may keep: connections, code, an allocator's reserve,
  // and V8's young generation, of which a process has all pages only after some ten waves.
  for (let count = 0; count < WARM_UP; count += 1) {
    await wave()
    await read()
  }
  const before = await settle()
  for (let count = 0; count < WAVES; count += 1) await wave()
  for (let count = 0; count < READS; count += 1) await read()
  const after = await settle()
  return { before: before.rss, after: after.rss, grown: after.rss - before.rss, heap: after.heap - before.heap }
}

async function settle() {
  for (let count = 0; count < 3; count += 1) {
    await sleep(200)
    globalThis.gc?.()
  }
  return { rss: memory(), heap: process.memoryUsage().heapUsed / 1024 ** 2 }
}
