// Writes what the server serves: logs, pages of events, and where a log can be cut into batches. Run in a
// process of its own: a parent that has grown large hands its peak memory on to its children.
//
//   node tools/benchmark/data.mjs DIR '{"logs":[1000],"pages":50}'

import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { makeEntries } from '../shared/entries.mjs'

const PAGE_ENTRIES = 1000
const BATCH_BYTES = 96 * 1024
const WRITE_BYTES = 1024 * 1024

/** A file that is written a megabyte at a time. */
class Writer {
  #file
  #pending = ''
  length = 0

  constructor(path) {
    this.#file = openSync(path, 'w')
  }

  write(text) {
    this.#pending += text
    this.length += Buffer.byteLength(text)
    if (this.#pending.length >= WRITE_BYTES) this.#flush()
  }

  close() {
    this.#flush()
    closeSync(this.#file)
  }

  #flush() {
    writeSync(this.#file, this.#pending)
    this.#pending = ''
  }
}

/** `{"loglines":[entry,…]}`, and beside it the ranges of bytes that hold whole entries, a batch each. */
function writeLog(dir, count) {
  const log = new Writer(join(dir, 'logs', `${count}.json`))
  const batches = []
  log.write('{"loglines":[')
  let start = log.length
  let first = true
  for (const entry of makeEntries(count)) {
    if (log.length - start >= BATCH_BYTES) {
      batches.push([start, log.length])
      start = log.length + 1
    }
    log.write(first ? JSON.stringify(entry) : `,${JSON.stringify(entry)}`)
    first = false
  }
  batches.push([start, log.length])
  log.write(']}')
  log.close()
  writeFileSync(join(dir, 'logs', `${count}.batches.json`), JSON.stringify(batches))
}

/** `{"data":[event,…],"next_cursor":…}`; a cursor is the name of the file that holds the next page. */
function writePages(dir, count) {
  const events = Array.from(makeEntries(PAGE_ENTRIES), (payload, index) => ({
    event_id: payload.uuid,
    event_type: payload.type,
    is_compaction: false,
    payload,
    created_at: `2026-03-02T09:00:00.${String(index).padStart(6, '0')}Z`,
  }))
  const data = JSON.stringify(events)
  for (let page = 0; page < count; page += 1) {
    const name = page === 0 ? 'first' : `page-${page}`
    const next = page + 1 < count ? `,"next_cursor":"page-${page + 1}"` : ''
    writeFileSync(join(dir, 'pages', `${name}.json`), `{"data":${data}${next}}`)
  }
}

const [dir, needs] = process.argv.slice(2)
const { logs = [], pages = 0 } = JSON.parse(needs)
for (const folder of ['logs', 'pages']) mkdirSync(join(dir, folder), { recursive: true })
for (const count of logs) writeLog(dir, count)
writePages(dir, pages)
