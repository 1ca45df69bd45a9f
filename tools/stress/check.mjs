// What is in the store when a stress run is over, and what of it is wrong.

import { FileStore } from '../../lib/testing/file-store.js'
import { makeEntries, sessionId } from './entries.mjs'

/**
 * @typedef {object} Verdict
 * @property {number} entries
 * @property {number} stored entries that are there at least once
 * @property {number} doubled entries that are there more than once
 * @property {number} lost entries of which `true` was said, and that are not there
 * @property {number} outOfOrder entries that stand before one that was appended earlier
 * @property {number} failed times that `false` was said
 * @property {string[]} problems the first few, in words
 *
 * @typedef {object} Run
 * @property {string} dir
 * @property {number} seed
 * @property {number} entries
 * @property {number} sessions
 * @property {{ client: string, outcomes: import('./client.mjs').Outcome[] }[]} clients
 * @property {Map<string, string[]>} secondWriter
 * @property {(uuid: string) => string} history what an entry met
 */

const SHOWN = 20

/** @param {Run} run @returns {Promise<Verdict>} */
export async function check({ dir, seed, entries, sessions, clients, secondWriter, history }) {
  const store = await FileStore.open(dir)
  const verdict = { entries: 0, stored: 0, doubled: 0, lost: 0, outOfOrder: 0, failed: 0 }
  /** @type {string[]} */
  const problems = []
  /** What nobody appended, or not so. @type {Map<string, string>} */
  const unknown = new Map()
  for (let session = 0; session < sessions; session += 1) {
    for (const { uuid = '', text } of store.entries(sessionId(session))) unknown.set(uuid, text)
  }

  /** @param {string} session @param {string} uuid @param {string} whose */
  const count = (session, uuid, whose) => {
    const times = store.entries(session).filter((entry) => entry.uuid === uuid).length
    if (times > 1) problems.push(`${session}: ${whose} ${uuid} is there ${times} times: ${history(uuid)}`)
    return times
  }

  for (const { client, outcomes } of clients) {
    const outcomeOf = new Map(outcomes.map((outcome) => [outcome.uuid, outcome]))
    for (const [index, own] of makeEntries({ seed, client, entries, sessions }).entries()) {
      const session = sessionId(index)
      /** Where each stands first. @type {Map<string | undefined, number>} */
      const places = new Map()
      for (const [place, { uuid }] of store.entries(session).entries()) if (!places.has(uuid)) places.set(uuid, place)
      let last = -1
      for (const entry of own) {
        const { uuid } = entry
        const outcome = outcomeOf.get(uuid)
        const times = count(session, uuid, client)
        verdict.entries += 1
        if (times > 0) verdict.stored += 1
        if (times > 1) verdict.doubled += 1
        if (outcome === undefined) problems.push(`${session}: ${client} ${uuid} never settled`)
        verdict.failed += (outcome?.calls ?? 1) - 1
        if (outcome?.appended === false) {
          verdict.failed += 1
          problems.push(`${session}: ${client} ${uuid} ended false, stored ${times} times: ${history(uuid)}`)
        } else if (times === 0) {
          verdict.lost += 1
          problems.push(`${session}: ${client} ${uuid} ended true, and is not stored: ${history(uuid)}`)
        }
        if (times > 0 && unknown.get(uuid) !== JSON.stringify(entry)) {
          problems.push(`${session}: ${client} ${uuid} is stored with another text`)
        }
        unknown.delete(uuid)
        const place = places.get(uuid)
        // One that was appended again stands where the last call put it, or an earlier one.
        if (place === undefined || (outcome?.calls ?? 1) > 1) continue
        if (place < last) {
          verdict.outOfOrder += 1
          problems.push(
            `${session}: ${client} ${uuid} stands before an entry that was appended earlier: ${history(uuid)}`,
          )
        }
        last = Math.max(last, place)
      }
    }
  }
  for (const [session, uuids] of secondWriter) {
    for (const uuid of uuids) {
      if (count(session, uuid, 'the second writer’s') === 0)
        problems.push(`${session}: the second writer’s ${uuid} is lost`)
      unknown.delete(uuid)
    }
  }
  for (const uuid of unknown.keys()) problems.push(`${uuid} is there, and nobody appended it`)
  await store.close()
  return { ...verdict, problems: shorten(problems) }
}

/** @param {string[]} problems */
function shorten(problems) {
  const more = problems.length - SHOWN
  return more > 0 ? [...problems.slice(0, SHOWN), `… and ${more} more`] : problems
}
