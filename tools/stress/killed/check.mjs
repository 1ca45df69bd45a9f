// What is in the logs when a run of kills is over, and what of it is wrong.

import { FileStore } from '../../../lib/testing/file-store.js'
import { sessionId } from '../entries.mjs'

/**
 * @typedef {object} Verdict
 * @property {number} appended
 * @property {number} stored
 * @property {number} unsaved entries of the last moments before a kill, which nobody has
 * @property {number} unwritten those of them that were appended after the disk had failed: the outbox had them in memory only
 * @property {number} lost entries that stood in the folder or on the server at a kill, and that are not there
 * @property {number} doubled
 * @property {number} outOfOrder
 * @property {number} gaps entries that are missing before one of the same process that is there, or whose parent is nowhere;
 *   with one host for each session, or whose parent stands behind them
 * @property {number[]} unsavedMs how long before its kill each process had appended the first of its unsaved entries
 */

/** @param {{ dir: string, sessions: number, shared: boolean, killers: import('./killer.mjs').Killer[] }} run @returns {Promise<Verdict>} */
export async function check({ dir, sessions, shared, killers }) {
  const store = await FileStore.open(dir)
  const verdict = { appended: 0, stored: 0, unsaved: 0, unwritten: 0, lost: 0, doubled: 0, outOfOrder: 0, gaps: 0 }
  /** @type {number[]} */
  const unsavedMs = []
  /** @type {{ parentUuid: string, place: number }[]} */
  const links = []
  /** Place of each uuid in its log. @type {Map<string, number>} */
  const places = new Map()
  for (let session = 0; session < sessions; session += 1) {
    for (const [place, { uuid = '', text }] of store.entries(sessionId(session)).entries()) {
      if (places.has(uuid)) verdict.doubled += 1
      places.set(uuid, place)
      const { parentUuid } = JSON.parse(text)
      if (typeof parentUuid === 'string') links.push({ parentUuid, place })
    }
  }
  // What one host left behind may wait in the other one while its successor appends.
  for (const { parentUuid, place } of links) {
    const parent = places.get(parentUuid)
    if (parent === undefined || (!shared && parent > place)) verdict.gaps += 1
  }
  for (const { lives, kept } of killers) {
    for (const uuid of kept) if (!places.has(uuid)) verdict.lost += 1
    for (const { appended, killedAt } of lives) {
      verdict.appended += appended.length
      /** @type {Map<number, { last: number, isMissing: boolean }>} */
      const bySession = new Map()
      let oldest = 0
      for (const { uuid, session, at, unwritten } of appended) {
        const of = bySession.get(session) ?? { last: -1, isMissing: false }
        bySession.set(session, of)
        const place = places.get(uuid)
        if (place === undefined) {
          of.isMissing = true
          verdict.unsaved += 1
          if (unwritten) verdict.unwritten += 1
          else oldest = Math.max(oldest, killedAt - at)
          continue
        }
        verdict.stored += 1
        if (of.isMissing) verdict.gaps += 1
        if (place < of.last) verdict.outOfOrder += 1
        of.last = place
      }
      unsavedMs.push(oldest)
    }
  }
  await store.close()
  return { ...verdict, unsavedMs }
}
