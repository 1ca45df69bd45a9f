// What is in the logs when a run of kills is over, and what of it is wrong.

import { FileStore } from '../../../lib/testing/file-store.js'
import { sessionId } from '../entries.mjs'

/**
 * @typedef {object} Verdict
 * @property {number} appended
 * @property {number} stored
 * @property {number} unsaved entries of the last moments before a kill, which nobody has
 * @property {number} lost entries that stood in the folder or on the server at a kill, and that are not there
 * @property {number} doubled
 * @property {number} outOfOrder
 * @property {number} gaps entries that are missing before one of the same process that is there, or whose parent is nowhere
 * @property {number[]} unsavedMs how long before its kill each process had appended the first of its unsaved entries
 */

/** @param {{ dir: string, sessions: number, killers: import('./killer.mjs').Killer[] }} run @returns {Promise<Verdict>} */
export async function check({ dir, sessions, killers }) {
  const store = await FileStore.open(dir)
  const verdict = { appended: 0, stored: 0, unsaved: 0, lost: 0, doubled: 0, outOfOrder: 0, gaps: 0 }
  /** @type {number[]} */
  const unsavedMs = []
  /** Place of each uuid in its log. @type {Map<string, number>} */
  const places = new Map()
  for (let session = 0; session < sessions; session += 1) {
    for (const [place, { uuid = '', text }] of store.entries(sessionId(session)).entries()) {
      if (places.has(uuid)) verdict.doubled += 1
      places.set(uuid, place)
      const { parentUuid } = JSON.parse(text)
      // It stands before, as it was appended before.
      if (typeof parentUuid === 'string' && !places.has(parentUuid)) verdict.gaps += 1
    }
  }
  for (const { lives, kept } of killers) {
    for (const uuid of kept) if (!places.has(uuid)) verdict.lost += 1
    for (const { appended, killedAt } of lives) {
      verdict.appended += appended.length
      /** @type {Map<number, { last: number, isMissing: boolean }>} */
      const bySession = new Map()
      let oldest = 0
      for (const { uuid, session, at } of appended) {
        const of = bySession.get(session) ?? { last: -1, isMissing: false }
        bySession.set(session, of)
        const place = places.get(uuid)
        if (place === undefined) {
          of.isMissing = true
          verdict.unsaved += 1
          oldest = Math.max(oldest, killedAt - at)
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
