// Session logs on disk: one JSON Lines file for each session, in one folder.
//
// An entry counts as stored when it is on the disk: `append` resolves after fsync. What a crash leaves
// behind of an entry that was never acknowledged, a last line without its end, is cut off at the next start.

import { mkdir, open, readdir, readFile, truncate } from 'node:fs/promises'
import { join } from 'node:path'

const EXTENSION = '.jsonl'

/** @typedef {{ uuid: string | undefined, text: string }} StoredEntry an entry as it came, on one line */

export class SessionStore {
  /** @type {Map<string, { entries: StoredEntry[], file: import('node:fs/promises').FileHandle | undefined }>} */
  #sessions = new Map()
  #dir

  /** @param {string} dir */
  constructor(dir) {
    this.#dir = dir
  }

  /** Opens the store in `dir`, which is made where it does not exist. @param {string} dir */
  static async open(dir) {
    await mkdir(dir, { recursive: true })
    const store = new SessionStore(dir)
    for (const name of await readdir(dir)) {
      if (name.endsWith(EXTENSION)) {
        const entries = await readLog(join(dir, name))
        store.#sessions.set(decodeURIComponent(name.slice(0, -EXTENSION.length)), { entries, file: undefined })
      }
    }
    return store
  }

  /** The entries of a session in order; none where there is no such session. @param {string} id */
  entries(id) {
    return this.#sessions.get(id)?.entries ?? []
  }

  /** The uuid of a session's last entry. @param {string} id */
  head(id) {
    return this.entries(id).at(-1)?.uuid
  }

  /** Stores an entry behind the others. @param {string} id @param {string} json @param {string} uuid */
  async append(id, json, uuid) {
    // A line break can only stand between tokens: in a string it is escaped.
    const text = json.replace(/[\r\n]+/g, ' ')
    const session = this.#sessions.get(id) ?? { entries: [], file: undefined }
    this.#sessions.set(id, session)
    session.file ??= await open(join(this.#dir, encodeURIComponent(id) + EXTENSION), 'a')
    await session.file.appendFile(`${text}\n`)
    await session.file.datasync()
    session.entries.push({ uuid, text })
  }

  async close() {
    for (const { file } of this.#sessions.values()) await file?.close()
  }
}

/** @param {string} path @returns {Promise<StoredEntry[]>} */
async function readLog(path) {
  const content = await readFile(path)
  const end = content.lastIndexOf('\n') + 1
  if (end < content.length) await truncate(path, end)
  const lines = content.toString('utf8', 0, end).split('\n').slice(0, -1)
  return lines.map((text) => ({ text, uuid: JSON.parse(text).uuid }))
}
