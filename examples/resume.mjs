// Resumes a session in another process: reads its log, which also finds the head, and appends one entry behind it.
//
//   node examples/resume.mjs http://127.0.0.1:8787 my-session

import { randomUUID } from 'node:crypto'
import { appendSessionLog, configure, getSessionLogs } from 'session-ingress'

const [server, session] = process.argv.slice(2)
const url = `${server}/v1/session_ingress/session/${session}`

configure({
  getSessionIngressAuthToken: () => 'any-token', // The local server takes any.
  logError: (error) => console.error(error.message),
})

const entries = await getSessionLogs(session, url, {
  // Long enough for a long log, and not for ever.
  signal: AbortSignal.timeout(10_000),
  onProgress: ({ entries }) => console.error(`${entries} entries read`),
})
if (entries === null) {
  console.error('the log could not be read')
  process.exit(1)
}
for (const { text } of entries) console.log(text)

const stored = await appendSessionLog(session, { uuid: randomUUID(), type: 'user', text: 'Where were we?' }, url)
process.exitCode = stored ? 0 : 1
