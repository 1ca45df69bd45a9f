// The rules by which entries are appended: this package's, and the old module's, which adopts the head that a
// conflict names and sends the entry again.

import { createRequire } from 'node:module'
import { LIMIT_MS } from './faults.mjs'

const BASE_DELAY_MS = 20
const MAX_DELAY_MS = 2000

/** @typedef {'ours' | 'old'} Rule */
/** @typedef {(session: string, entry: { uuid: string }, url: string) => Promise<boolean>} Append */

/** @param {{ rule: Rule, client: string, base: string, attempts: number }} storm @returns {Promise<Append>} */
export async function appendsBy({ rule, client, base, attempts }) {
  if (rule === 'old') {
    const retry = { baseDelayMs: BASE_DELAY_MS, maxDelayMs: MAX_DELAY_MS }
    const { load } = await import(new URL('../benchmark/peers/axios.mjs', import.meta.url).href)
    return (await load(base, { token: client, retry })).append
  }
  /** @type {typeof import('../index.js')} */
  const { appendSessionLog, configure } = createRequire(import.meta.url)('../index.js')
  configure({
    getSessionIngressAuthToken: () => client,
    retry: { maxAttempts: attempts, baseDelayMs: BASE_DELAY_MS, maxDelayMs: MAX_DELAY_MS },
    timeouts: { appendMs: LIMIT_MS, fetchMs: LIMIT_MS },
  })
  return appendSessionLog
}
