// A host of the demo's second act: appends entries with an outbox, or delivers what an earlier one left behind.

import { once } from 'node:events'
import { createRequire } from 'node:module'

/** @type {typeof import('../../index.js')} */
const { appendSessionLog, configure, getSessionLogs } = createRequire(import.meta.url)('../../index.js')

// By a message: a command line has no room for transcripts.
const [{ dir, sessionId, url, entries }] = await once(process, 'message')
configure({
  getSessionIngressAuthToken: () => 'demo-token',
  retry: { baseDelayMs: 100 },
  outbox: { dir, maxDelayMs: 1000 },
})

if (entries) {
  let stored = 0
  for (const entry of entries) {
    void appendSessionLog(sessionId, entry, url).then((appended) => {
      if (appended) stored += 1
      process.send?.({ stored })
    })
  }
  // It waits for its end.
  setInterval(() => {}, 1000)
} else {
  // A read shows what is left, too: it is delivered first.
  const log = await getSessionLogs(sessionId, url)
  process.send?.({ log }, () => process.disconnect())
}
