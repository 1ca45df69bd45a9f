// What the workloads of the outbox share.

import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { measure } from '../../measure.mjs'
import { appendUrl, checkAppended, loadPeer } from '../common.mjs'

/** @typedef {import('../index.mjs').Context} Context */

export const SESSIONS = 64

/** In turn, without and with. */
export const OFF_AND_ON = ['off', 'on']

/** A folder for this process, on the disk of the run. @param {Context} context */
export function makeFolder({ dir }) {
  const folder = join(dir, `outbox-${process.pid}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return folder
}

/** @param {string} variant @param {Context} context @param {Partial<import('../../../../index.js').OutboxOptions>} [outbox] */
export async function loadWith(variant, context, outbox) {
  const peer = await loadPeer('addon', context)
  const { configure } = await import('session-ingress')
  if (variant !== 'off') configure({ outbox: { dir: makeFolder(context), ...outbox } })
  return peer
}

/**
 * Appends over 64 sessions, all called at once.
 *
 * @param {string} variant @param {Context} context @param {{ uuid: string }[]} entries
 */
export async function appendAll(variant, context, entries) {
  const peer = await loadWith(variant, context)
  const urls = Array.from({ length: SESSIONS }, (_, session) => appendUrl(context, session))
  const append = (/** @type {{ uuid: string }} */ entry, /** @type {number} */ index) =>
    peer.append(`session-${index % SESSIONS}`, entry, urls[index % SESSIONS])
  checkAppended(await Promise.all(entries.slice(0, SESSIONS).map(append)))
  const before = writtenBytes()
  const { result, wall, active, total } = await measure(() => Promise.all(entries.map(append)), context)
  const written = writtenBytes() - before
  checkAppended(result)
  const each = (/** @type {number} */ ms) => (ms * 1000) / entries.length
  return { wall, active: each(active), total: each(total), written: written / 1e6 }
}

/** What the process gave to the disk's cache; NaN where the system does not say. */
function writtenBytes() {
  try {
    return Number(/^write_bytes: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
  } catch {
    return Number.NaN
  }
}

/** The bytes of all files in a folder. @param {string} folder */
export function bytesIn(folder) {
  let bytes = 0
  for (const name of readdirSync(folder, { recursive: true })) {
    const found = statSync(join(folder, String(name)), { throwIfNoEntry: false })
    if (found?.isFile()) bytes += found.size
  }
  return bytes
}
