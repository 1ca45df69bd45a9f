// The second act of the demo: the client itself is killed in the middle of an outage, and a new process delivers what
// it left behind.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const HOST = fileURLToPath(new URL('host.mjs', import.meta.url))
const MOST_ENTRIES = 200

/** @typedef {import('./transcript.mjs').Entry & { parentUuid?: unknown }} Entry */

/**
 * @param {object} stage
 * @param {Entry[]} stage.entries
 * @param {string} stage.base
 * @param {string} stage.dir a folder for the outbox
 * @param {() => Promise<void>} stage.killService
 * @param {() => Promise<void>} stage.startService
 * @param {(text: string) => void} stage.note
 * @returns {Promise<{ lost: number, doubled: number, gaps: number }>}
 */
export async function killClient({ entries: all, base, dir, killService, startService, note }) {
  const entries = all.slice(0, MOST_ENTRIES)
  const sessionId = 'demo-outbox'
  const url = `${base}/v1/session_ingress/session/${sessionId}`
  const given = { dir, sessionId, url }
  const host = fork(HOST)
  host.send({ ...given, entries })
  const exit = once(host, 'exit')
  await new Promise((resolve) =>
    host.on('message', (/** @type {any} */ { stored }) => stored >= entries.length / 3 && resolve(undefined)),
  )
  await killService()
  note('… the service is killed, and entries wait')
  const last = entries[entries.length - 1].uuid
  while (!isKept(dir, last)) await sleep(10)
  host.kill('SIGKILL')
  await exit
  note('… so is the client (kill -9)')
  await startService()
  const next = fork(HOST)
  next.send(given)
  const [{ log }] = await once(next, 'message')
  note('… the service is back, and a new process has read the log')
  return compare(entries, log ?? [])
}

/** Whether an entry stands in a file of the outbox. @param {string} dir @param {string} uuid */
function isKept(dir, uuid) {
  const folder = join(dir, 'v1')
  return readdirSync(folder).some((name) => name.endsWith('.spool') && readFileSync(join(folder, name)).includes(uuid))
}

/** @param {Entry[]} entries @param {Entry[]} log */
function compare(entries, log) {
  const uuids = log.map(({ uuid }) => uuid)
  const known = new Set(uuids)
  return {
    entries: entries.length,
    lost: entries.filter(({ uuid }) => !known.has(uuid)).length,
    doubled: uuids.length - known.size,
    gaps: entries.filter(({ uuid }, index) => uuids[index] !== uuid).length,
  }
}
