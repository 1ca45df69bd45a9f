// Session logs in memory.

/** @typedef {{ uuid: string | undefined, text: string }} StoredEntry an entry as it came, on one line */

/**
 * A store of session logs, in memory or on disk.
 *
 * @typedef {object} Store
 * @property {(id: string) => StoredEntry[]} entries a session's entries in order; none where there is no such session
 * @property {(id: string) => string | undefined} head the uuid of a session's last entry
 * @property {(id: string, entry: StoredEntry, lastUuid: string | undefined) => Promise<boolean>} append stores an entry
 *   behind the others where `lastUuid` is the head; `false`: it is not, and nothing is stored
 * @property {(id: string, entries: StoredEntry[]) => Promise<void>} replace stores these instead of what is there
 * @property {() => Promise<void>} close
 */

/** @implements {Store} */
class MemoryStore {
  /** In the order in which they began. @protected @type {Map<string, StoredEntry[]>} */
  sessions = new Map()

  /** @param {string} id */
  entries(id) {
    return this.sessions.get(id) ?? []
  }

  /** @param {string} id */
  head(id) {
    return this.entries(id).at(-1)?.uuid
  }

  /** @param {string} id @param {StoredEntry} entry @param {string | undefined} lastUuid */
  async append(id, entry, lastUuid) {
    if (lastUuid !== this.head(id)) return false
    const entries = this.entries(id)
    entries.push(entry)
    this.sessions.set(id, entries)
    return true
  }

  /** @param {string} id @param {StoredEntry[]} entries */
  async replace(id, entries) {
    this.sessions.set(id, entries)
  }

  async close() {}
}

module.exports = { MemoryStore }
