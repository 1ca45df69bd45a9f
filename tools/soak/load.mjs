// The process that is soaked: loads the addon as a host does, appends and reads in many sessions that come and go,
// and sends its parent a sample of itself once a second.

import { setMaxListeners } from 'node:events'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { between, createRandom, makeUuid } from '../shared/random.mjs'
import { startSampling } from './sample.mjs'

/** @type {typeof import('../../index.js')} */
const ingress = createRequire(import.meta.url)('../../index.js')

const SLOTS = 32
const LONGEST_PAUSE_MS = 180
const BASE_DELAY_MS = 5

const [base, seed] = process.argv.slice(2)
const stop = new AbortController()
setMaxListeners(SLOTS, stop.signal)
const done = { appends: 0, reads: 0, cancelled: 0, sessions: 0 }
/** What went wrong that a mild fault does not explain. @type {string[]} */
const problems = []

ingress.configure({
  getSessionIngressAuthToken: () => 'soak-token',
  getOauthConfig: () => ({ BASE_API_URL: base }),
  logForDebugging: () => {},
  logForDiagnosticsNoPII: () => {},
  logError: () => {},
  retry: { baseDelayMs: BASE_DELAY_MS },
})

/** A session after the other, each cleared when it is over. @param {number} slot */
async function live(slot) {
  const random = createRandom(seed, 'slot', slot)
  for (let number = 0; !stop.signal.aborted; number += 1) {
    const session = `soak-${slot}-${number}`
    done.sessions += 1
    let entries = 0
    for (let left = between(random, 20, 60); left > 0 && !stop.signal.aborted; left -= 1) {
      if (entries === 0 || random() < 0.85) entries += await append(random, session)
      else await read(random, session, entries)
      await sleep(between(random, 0, LONGEST_PAUSE_MS), undefined, { signal: stop.signal }).catch(() => {})
    }
    await ingress.clearSession(session)
  }
}

/** @param {string} session */
const logUrl = (session) => `${base}/v1/session_ingress/session/${session}`

/** Appends some entries at once. @param {() => number} random @param {string} session */
async function append(random, session) {
  const burst = Array.from({ length: between(random, 1, 4) }, () => {
    const size = random() < 0.005 ? 256 * 1024 : between(random, 100, 4000)
    return { uuid: makeUuid(random), type: 'user', text: (random() < 0.1 ? 'ü' : 'x').repeat(size) }
  })
  const appended = await Promise.all(burst.map((entry) => ingress.appendSessionLog(session, entry, logUrl(session))))
  if (appended.includes(false)) problems.push(`an append to ${session} failed`)
  done.appends += burst.length
  return burst.length
}

/** Reads by one of the three readers; one read in ten is cancelled. @param {() => number} random @param {string} session @param {number} entries */
async function read(random, session, entries) {
  const cancel = random() < 0.1 ? new AbortController() : undefined
  const options = { signal: cancel?.signal, onProgress: () => cancel?.abort() }
  const readers = [
    () => ingress.getSessionLogs(session, logUrl(session), options),
    () => ingress.getSessionLogsViaOAuth(session, 'soak-token', 'soak-organization', options),
    () => ingress.getTeleportEvents(session, 'soak-token', 'soak-organization', options),
  ]
  try {
    const list = await readers[between(random, 0, readers.length)]()
    done.reads += 1
    // `null` is a fault; half a list would be one of ours.
    if (list !== null && list.length !== entries)
      problems.push(`read ${list.length} of ${entries} entries of ${session}`)
  } catch (error) {
    if (!cancel?.signal.aborted) throw error
    done.cancelled += 1
  }
}

process.on('message', () => stop.abort())
process.on('disconnect', () => process.exit())

const sampling = startSampling(
  () => done.appends + done.reads + done.cancelled,
  (sample) => process.send?.({ sample }),
)
await Promise.all(Array.from({ length: SLOTS }, (_, slot) => live(slot)))
sampling.stop()
if (!(await ingress.flush({ timeoutMs: 0 }))) problems.push('appends are pending, and nobody waits for them')
process.send?.({ done, problems }, () => process.disconnect())
