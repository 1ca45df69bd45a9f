// A host of a stress run, which is killed at some moment: appends to its sessions without an end. The last one only reads
// the logs and waits until nothing is left.

import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { between, createRandom, makeUuid } from '../../shared/random.mjs'
import { logUrl, sessionId } from '../entries.mjs'
import { LIMIT_MS } from '../faults.mjs'

/** @type {typeof import('../../../index.js')} */
const { appendSessionLog, configure, flush, getSessionLogs } = createRequire(import.meta.url)('../../../index.js')

const { base, dir, client, seed, generation, sessions, parents, attempts, isLast } = JSON.parse(process.argv[2])
const random = createRandom(seed, client, generation)
const tell = (/** @type {object} */ message) => process.send?.(message)

configure({
  getSessionIngressAuthToken: () => client,
  logForDiagnosticsNoPII: (_level, event, data) => {
    if (event.startsWith('session_outbox_')) tell({ event: data?.code ? `${event} ${data.code}` : event })
  },
  retry: { baseDelayMs: 20, maxDelayMs: 500, maxConflicts: 1000, maxAttempts: attempts },
  timeouts: { appendMs: LIMIT_MS, fetchMs: LIMIT_MS },
  outbox: dir === null ? null : { dir, maxDelayMs: 1000 },
})

process.on('disconnect', () => process.exit())
tell({ ready: true })

async function end() {
  for (const session of sessions) await getSessionLogs(sessionId(session), logUrl(base, sessionId(session)))
  await flush({ deferred: true })
  // A read of each session adopts what is left of it, and a second one finds what was deferred meanwhile.
  for (const session of sessions) await getSessionLogs(sessionId(session), logUrl(base, sessionId(session)))
  await flush({ deferred: true })
  tell({ done: true })
}

async function live() {
  for (;;) {
    const session = sessions[between(random, 0, sessions.length)]
    const [id, url] = [sessionId(session), logUrl(base, sessionId(session))]
    if (random() < 0.1) void getSessionLogs(id, url)
    for (let count = between(random, 1, 5); count > 0; count -= 1) {
      const uuid = makeUuid(random)
      const entry = {
        uuid,
        parentUuid: parents[session] ?? null,
        writer: client,
        text: 'x'.repeat(between(random, 0, 600)),
      }
      parents[session] = uuid
      void appendSessionLog(id, entry, url)
      // After the call: what is told was appended.
      tell({ uuid, session, at: Date.now() })
    }
    await sleep(between(random, 0, 40))
  }
}

void (isLast ? end() : live())
