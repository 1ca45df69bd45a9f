// The main job of the package, as a host does it: takes the service's URL, and prints what came of it as JSON.
// What stands between this process and the service is said by its environment.

import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { argv } from 'node:process'
import { makeFlatEntries } from '../../../tools/shared/entries.mjs'

/** @type {typeof import('../../../index.js')} */
const addon = createRequire(import.meta.url)('../../../index.js')

const [, , base] = argv
const ENTRIES = 1000
const SESSIONS = 20
const sessions = Array.from({ length: SESSIONS }, (_, n) => `session-${n}`)
const urlOf = (/** @type {string} */ id) => `${base}/v1/session_ingress/session/${id}`

/** @type {unknown[][]} */
const diagnostics = []
addon.configure({
  getSessionIngressAuthToken: () => 'token',
  getOauthConfig: () => ({ BASE_API_URL: base }),
  logForDiagnosticsNoPII: (...diagnostic) => void diagnostics.push(diagnostic),
  logError: (error) => console.error(error.message),
})

/** @param {(id: string) => Promise<unknown>} read */
async function readAll(read) {
  const lists = await Promise.all(sessions.map(read))
  return {
    counts: lists.map((list) => (Array.isArray(list) ? list.length : list)),
    hash: createHash('sha256').update(JSON.stringify(lists)).digest('hex'),
  }
}

const entries = makeFlatEntries(ENTRIES)
const appended = await Promise.all(
  entries.map((entry, n) => addon.appendSessionLog(sessions[n % SESSIONS], entry, urlOf(sessions[n % SESSIONS]))),
)
const logs = await readAll((id) => addon.getSessionLogs(id, urlOf(id)))
const viaOAuth = await readAll((id) => addon.getSessionLogsViaOAuth(id, 'access', 'org'))
const events = await readAll((id) => addon.getTeleportEvents(id, 'access', 'org'))

// A cleared session has no head: the service names it.
await addon.clearAllSessions()
const more = await Promise.all(sessions.map((id) => addon.appendSessionLog(id, { uuid: `${id}-more` }, urlOf(id))))
const after = await readAll((id) => addon.getSessionLogs(id, urlOf(id)))
const none = await addon.getTeleportEvents('none', 'access', 'org')

const stored = [appended, more].map((results) => results.filter((is) => is).length)
console.log(JSON.stringify({ stored, logs, viaOAuth, events, after, none, diagnostics }))
