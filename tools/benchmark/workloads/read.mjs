// Reading a log of 50,000 entries: what resuming a very long session costs, and whether the host's user
// interface still moves meanwhile.

import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setImmediate as turn } from 'node:timers/promises'
import { PEERS } from '../../shared/peers/index.mjs'
import { measure } from '../measure.mjs'
import { checkRead, loadPeer, logUrl, warmUp } from './common.mjs'

const ENTRIES = 50_000

export const variants = [...PEERS, 'parse', 'batches']
export const needs = { logs: [ENTRIES] }

/** @type {import('./index.mjs').Workload['run']} */
export async function run(variant, context) {
  if (variant === 'parse') return parse(context)
  const read = variant === 'batches' ? () => readInBatches(context, ENTRIES) : await findRead(variant, context)
  const { result, wall, active, cpu, hold, peak, server } = await measure(read, { ...context, hold: true })
  checkRead(result, ENTRIES)
  return { wall, active, cpu, hold, peak, server }
}

async function findRead(variant, context) {
  const peer = await loadPeer(variant, context)
  await warmUp(peer, context)
  return () => peer.readLog('session-0', logUrl(context, ENTRIES))
}

/** The floor of the time: one JSON.parse of the same bytes, which first have to become a string. */
async function parse({ dir }) {
  const bytes = readFileSync(join(dir, 'logs', `${ENTRIES}.json`))
  let decode = 0
  const { result, wall, peak } = await measure(async () => {
    const start = performance.now()
    const text = bytes.toString()
    decode = performance.now() - start
    return JSON.parse(text)
  })
  checkRead(result.loglines, ENTRIES)
  return { wall, parse: wall - decode, peak }
}

/**
 * The floor of the longest hold: the same entries in batches of 96 KiB, cut beforehand and parsed in a plain
 * loop with a turn of the event loop between. What it holds the loop beyond a batch is V8's garbage collector.
 *
 * @param {import('./index.mjs').Context} context
 * @param {number} count
 */
export async function readInBatches({ dir }, count) {
  const ranges = JSON.parse(readFileSync(join(dir, 'logs', `${count}.batches.json`), 'utf8'))
  const file = openSync(join(dir, 'logs', `${count}.json`), 'r')
  const entries = []
  for (const [start, end] of ranges) {
    const bytes = Buffer.allocUnsafe(end - start)
    readSync(file, bytes, 0, bytes.length, start)
    entries.push(...JSON.parse(`[${bytes.toString()}]`))
    await turn()
  }
  closeSync(file)
  return entries
}
