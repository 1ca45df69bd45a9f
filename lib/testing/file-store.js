// Session logs on disk: one JSON Lines file for each session, in one folder.
//
// An entry counts as stored when it is on the disk: `append` resolves after fsync. What a crash leaves behind of an
// entry that was never acknowledged, a last line without its end, is cut off at the next start.

const { mkdir, open, readdir, readFile, rename, truncate } = require('node:fs/promises')
const { join } = require('node:path')

const EXTENSION = '.jsonl'

/** @typedef {import('./memory-store.js').StoredEntry} StoredEntry */
/** @typedef {import('./memory-store.js').Store} Store */
/** @typedef {import('node:fs/promises').FileHandle} FileHandle */

/** @implements {Store} */
class FileStore {
  /** @type {Map<string, { entries: StoredEntry[], file: FileHandle | undefined, last: Promise<unknown> }>} */
  #sessions = new Map()
  #dir

  /** @param {string} dir */
  constructor(dir) {
    this.#dir = dir
  }

  /** Opens the store in `dir`, which is made where it does not exist. @param {string} dir */
  static async open(dir) {
    await mkdir(dir, { recursive: true })
    const store = new FileStore(dir)
    for (const name of await readdir(dir)) {
      if (!name.endsWith(EXTENSION)) continue
      const { entries } = store.#session(decodeURIComponent(name.slice(0, -EXTENSION.length)))
      entries.push(...(await readLog(join(dir, name))))
    }
    return store
  }

  /** @param {string} id */
  entries(id) {
    return this.#sessions.get(id)?.entries ?? []
  }

  /** @param {string} id */
  head(id) {
    return this.entries(id).at(-1)?.uuid
  }

  /** @param {string} id @param {StoredEntry} entry @param {string | undefined} lastUuid */
  append(id, entry, lastUuid) {
    // Between the look at the head and the new entry nobody else may append.
    return this.#inTurn(id, async (session) => {
      if (lastUuid !== this.head(id)) return false
      session.file ??= await open(this.#path(id), 'a')
      await session.file.appendFile(`${entry.text}\n`)
      await session.file.datasync()
      session.entries.push(entry)
      return true
    })
  }

  /** @param {string} id @param {StoredEntry[]} entries */
  replace(id, entries) {
    return this.#inTurn(id, async (session) => {
      await session.file?.close()
      session.file = undefined
      const written = `${this.#path(id)}.new`
      const file = await open(written, 'w')
      await file.writeFile(entries.map(({ text }) => `${text}\n`).join(''))
      await file.datasync()
      await file.close()
      await rename(written, this.#path(id))
      session.entries = entries
    })
  }

  async close() {
    for (const session of this.#sessions.values()) {
      await session.last
      await session.file?.close()
    }
  }

  /** @param {string} id */
  #path(id) {
    return join(this.#dir, encodeURIComponent(id) + EXTENSION)
  }

  /** @param {string} id */
  #session(id) {
    const session = this.#sessions.get(id) ?? { entries: [], file: undefined, last: Promise.resolve() }
    this.#sessions.set(id, session)
    return session
  }

  /**
   * What is done to a session is done one at a time, in the order of the calls.
   *
   * @template T
   * @param {string} id
   * @param {(session: { entries: StoredEntry[], file: FileHandle | undefined }) => Promise<T>} work
   * @returns {Promise<T>}
   */
  #inTurn(id, work) {
    const session = this.#session(id)
    const done = session.last.then(() => work(session))
    session.last = done.catch(() => {})
    return done
  }
}

/** @param {string} path @returns {Promise<StoredEntry[]>} */
async function readLog(path) {
  const content = await readFile(path)
  const end = content.lastIndexOf('\n') + 1
  if (end < content.length) await truncate(path, end)
  const lines = content.toString('utf8', 0, end).split('\n').slice(0, -1)
  return lines.map((text, index) => {
    try {
      return { text, uuid: JSON.parse(text).uuid }
    } catch {
      throw new Error(`line ${index + 1} of ${path} is no entry`)
    }
  })
}

module.exports = { FileStore }
