// Session logs in memory, of the latest sessions only: a service that outlives any number of them.

import { MemoryStore } from '../../lib/testing/memory-store.js'

export class LatestSessions extends MemoryStore {
  #most

  /** @param {number} most sessions that are kept */
  constructor(most) {
    super()
    this.#most = most
  }

  /** @param {string} id @param {import('../../lib/testing/memory-store.js').StoredEntry} entry @param {string | undefined} lastUuid */
  async append(id, entry, lastUuid) {
    const isStored = await super.append(id, entry, lastUuid)
    if (this.sessions.size > this.#most) {
      const [oldest] = this.sessions.keys()
      this.sessions.delete(oldest)
    }
    return isStored
  }
}
