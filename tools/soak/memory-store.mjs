// Session logs in memory, of the latest sessions only: a service that outlives any number of them.

/** @typedef {import('../server/session-store.mjs').StoredEntry} StoredEntry */

export class MemoryStore {
  /** In the order in which they began. @type {Map<string, StoredEntry[]>} */
  #sessions = new Map()
  #most

  /** @param {number} most sessions that are kept */
  constructor(most) {
    this.#most = most
  }

  /** @param {string} id */
  entries(id) {
    return this.#sessions.get(id) ?? []
  }

  /** @param {string} id */
  head(id) {
    return this.entries(id).at(-1)?.uuid
  }

  /** @param {string} id @param {string} text @param {string} uuid */
  async append(id, text, uuid) {
    const entries = this.#sessions.get(id) ?? []
    this.#sessions.set(id, entries)
    entries.push({ uuid, text })
    if (this.#sessions.size > this.#most) {
      const [oldest] = this.#sessions.keys()
      this.#sessions.delete(oldest)
    }
  }

  async close() {}
}
