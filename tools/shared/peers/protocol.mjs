// The parts of the protocol that do not depend on the HTTP client, as JavaScript hosts write them: a chain of
// promises for each session, attempts in a loop.

import { setTimeout as sleep } from 'node:timers/promises'

export const TOKEN = 'bench-token'
export const ORGANIZATION = 'bench-organization'

const MAX_ATTEMPTS = 10
const MAX_PAGES = 100
const RETRY = { baseDelayMs: 500, maxDelayMs: 8000 }

/** @typedef {{ status: number, lastUuid?: string }} PutResponse */

/**
 * @template T what is sent for an entry
 * @param {object} client
 * @param {(entry: object) => T} client.prepare called when the append is
 * @param {(url: string, body: T, headers: Record<string, string>) => Promise<PutResponse>} client.put
 * @param {string} [client.token]
 * @param {{ baseDelayMs: number, maxDelayMs: number }} [client.retry]
 * @returns {(sessionId: string, entry: { uuid: string }, url: string) => Promise<boolean>}
 */
export function createAppend({ prepare, put, token = TOKEN, retry = RETRY }) {
  /** @type {Map<string, string>} */
  const heads = new Map()
  /** @type {Map<string, Promise<unknown>>} */
  const tails = new Map()

  /** @param {string} sessionId @param {string} uuid @param {string} url @param {T} body */
  const attempts = async (sessionId, uuid, url, body) => {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const head = heads.get(sessionId)
      /** @type {Record<string, string>} */
      const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
      if (head !== undefined) headers['Last-Uuid'] = head
      const { status, lastUuid } = await put(url, body, headers).catch(() => ({ status: 0, lastUuid: undefined }))
      if (status === 200 || status === 201 || (status === 409 && lastUuid === uuid)) {
        heads.set(sessionId, uuid)
        return true
      }
      if (status === 401 || (status === 409 && !lastUuid)) return false
      if (status === 409 && lastUuid) heads.set(sessionId, lastUuid)
      else if (attempt < MAX_ATTEMPTS) await sleep(Math.min(retry.baseDelayMs * 2 ** (attempt - 1), retry.maxDelayMs))
    }
    return false
  }

  return (sessionId, entry, url) => {
    const body = prepare(entry)
    const run = () => attempts(sessionId, entry.uuid, url, body)
    const appended = (tails.get(sessionId) ?? Promise.resolve()).then(run)
    tails.set(sessionId, appended)
    return appended
  }
}

/**
 * @param {(query: Record<string, string>) => Promise<{ status: number, data: any }>} get
 * @returns {Promise<object[] | null>}
 */
export async function readPages(get) {
  const entries = []
  let cursor
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { status, data } = await get(cursor === undefined ? { limit: '1000' } : { limit: '1000', cursor })
    if (status !== 200 || !Array.isArray(data?.data)) return null
    for (const { payload } of data.data) {
      if (payload !== null && payload !== undefined) entries.push(payload)
    }
    cursor = data.next_cursor
    if (cursor === undefined || cursor === null) break
  }
  return entries
}

/** @param {{ status: number, data: any }} response @returns {object[] | null} */
export function loglines({ status, data }) {
  if (status === 404) return []
  return status === 200 && Array.isArray(data?.loglines) ? data.loglines : null
}
