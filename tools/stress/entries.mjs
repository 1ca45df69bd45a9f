// What the writers of a stress run append: known from the seed, so that the check needs nobody's word for it.

import { between, createRandom, makeUuid } from '../shared/random.mjs'

/** @typedef {{ uuid: string, type: string, writer: string, number: number, text: string }} Entry */

/** One entry in so many needs several packets, and some time. */
const LARGE_ONE_IN = 200

/**
 * @param {{ seed: number, client: string, entries: number, sessions: number }} run
 * @returns {Entry[][]} for each session, in the order of the calls
 */
export function makeEntries({ seed, client, entries, sessions }) {
  const random = createRandom(seed, client, 'entries')
  return Array.from({ length: sessions }, (_, session) => {
    const count = Math.floor(entries / sessions) + (session < entries % sessions ? 1 : 0)
    return Array.from({ length: count }, (_, number) => {
      const size = between(random, 0, LARGE_ONE_IN) === 0 ? 60_000 : between(random, 0, 600)
      return { uuid: makeUuid(random), type: 'user', writer: client, number, text: 'x'.repeat(size) }
    })
  })
}

/** @param {number} session */
export const sessionId = (session) => `session-${session}`

/** @param {string} base @param {string} session */
export const logUrl = (base, session) => `${base}/v1/session_ingress/session/${session}`
