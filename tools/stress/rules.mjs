// The rules by which entries are appended: this package's, and the old module's, which adopts the head that a
// conflict names and sends the entry again.

import { createRequire } from 'node:module'
import { LIMIT_MS } from './faults.mjs'

const BASE_DELAY_MS = 20
const MAX_DELAY_MS = 500
/** As with attempts, how many an entry meets depends on the machine's speed. */
const MOST_CONFLICTS = 1000

/** @typedef {'ours' | 'old'} Rule */
/**
 * @typedef {object} Writer
 * @property {(session: string, entry: { uuid: string }, url: string) => Promise<boolean>} append
 * @property {(session: string, url: string) => Promise<unknown>} read reads the log, whose last entry becomes the session's head
 */

/** @param {{ rule: Rule, client: string, base: string, attempts: number, verifyConflicts: boolean }} run @returns {Promise<Writer>} */
export async function writerBy({ rule, client, base, attempts, verifyConflicts }) {
  if (rule === 'old') {
    const retry = { baseDelayMs: BASE_DELAY_MS, maxDelayMs: MAX_DELAY_MS }
    const { load } = await import(new URL('../shared/peers/axios.mjs', import.meta.url).href)
    const { append, readLog } = await load(base, { token: client, retry })
    /** @type {Writer['read']} */
    const read = (session, url) => readLog(session, url).catch(() => null)
    return { append, read }
  }
  /** @type {typeof import('../../index.js')} */
  const { appendSessionLog, configure, getSessionLogs } = createRequire(import.meta.url)('../../index.js')
  configure({
    getSessionIngressAuthToken: () => client,
    retry: {
      ...{ maxAttempts: attempts, baseDelayMs: BASE_DELAY_MS, maxDelayMs: MAX_DELAY_MS },
      ...{ maxConflicts: MOST_CONFLICTS, verifyConflicts },
    },
    timeouts: { appendMs: LIMIT_MS, fetchMs: LIMIT_MS },
  })
  return { append: appendSessionLog, read: getSessionLogs }
}
