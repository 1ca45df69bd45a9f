// Appends three entries to a session's log, waits for all, and says how it went:
//
//   npm run dev:server -- --dir ./logs --port 8787
//   node examples/append.mjs http://127.0.0.1:8787 my-session

import { randomUUID } from 'node:crypto'
import { appendSessionLog, configure, flush, sessionStats } from 'session-ingress'

const [server, session] = process.argv.slice(2)
const url = `${server}/v1/session_ingress/session/${session}`

configure({
  getSessionIngressAuthToken: () => 'any-token', // The local server takes any.
  logError: (error) => console.error(error.message),
})

for (const text of ['What is in this folder?', 'Three files.', 'Thank you.']) {
  // Entries of a session are sent in the order of the calls: nothing has to be awaited here.
  appendSessionLog(session, { uuid: randomUUID(), type: 'user', text }, url)
}

const flushed = await flush({ timeoutMs: 5000 })
const { appended, failed } = sessionStats(session)
console.log(`${appended} entries stored, ${failed} failed`)
process.exitCode = flushed && failed === 0 ? 0 : 1
