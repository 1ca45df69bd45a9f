// Somebody else who appends to the same sessions: a plain HTTP client that reads the log before each attempt,
// which is slow, and cannot be wrong.

import { setTimeout as sleep } from 'node:timers/promises'
import { between, createRandom, makeUuid } from '../shared/random.mjs'
import { logUrl, sessionId } from './entries.mjs'

export const SECOND_WRITER = 'second-writer'

/** The longest pause between two appends to one session, about. */
const PAUSE_MS = 600

export class SecondWriter {
  /** The uuids that it appended. @type {Map<string, string[]>} */
  appended = new Map()
  /** @type {Set<Promise<void>>} */
  #pending = new Set()
  #base
  #random
  #over = new AbortController()

  /** @param {{ seed: number, base: () => string }} options */
  constructor({ seed, base }) {
    this.#base = base
    this.#random = createRandom(seed, SECOND_WRITER)
  }

  get count() {
    return [...this.appended.values()].reduce((sum, uuids) => sum + uuids.length, 0)
  }

  /** Appends an entry, however long it takes. @param {string} session */
  append(session) {
    const append = this.#append(session).finally(() => this.#pending.delete(append))
    this.#pending.add(append)
    return append
  }

  /** Waits until nothing is pending. */
  async settled() {
    while (this.#pending.size > 0) await Promise.all(this.#pending)
  }

  /** @param {string} session */
  async #append(session) {
    const uuid = makeUuid(this.#random)
    const url = logUrl(this.#base(), session)
    const headers = { authorization: `Bearer ${SECOND_WRITER}` }
    const body = JSON.stringify({ uuid, type: 'user', writer: SECOND_WRITER })
    for (;;) {
      try {
        const read = await fetch(url, { headers })
        const { loglines = [] } = /** @type {any} */ (await read.json())
        const uuids = loglines.map((/** @type {{ uuid: string }} */ entry) => entry.uuid)
        if (uuids.includes(uuid)) break
        const last = uuids.at(-1)
        const put = { method: 'PUT', headers: last === undefined ? headers : { ...headers, 'last-uuid': last }, body }
        const { status } = await fetch(url, put)
        if (status === 201) break
      } catch {
        // The service is down, or went down just now: the log will tell.
        await sleep(20)
      }
    }
    this.appended.set(session, [...(this.appended.get(session) ?? []), uuid])
  }

  /** Appends to one session or another until it is stopped. @param {number} sessions */
  async roam(sessions) {
    while (!this.#over.signal.aborted) {
      await this.append(sessionId(between(this.#random, 0, sessions)))
      await sleep(between(this.#random, 0, PAUSE_MS / sessions), undefined, { signal: this.#over.signal }).catch(
        () => {},
      )
    }
  }

  stop() {
    this.#over.abort()
  }
}
