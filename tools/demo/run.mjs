// The two-minute tour: appends transcripts to a local ingress service that is killed half-way, reads them
// back through all three readers, and compares every entry. Then a client with an outbox is killed, too.
//
//   npm run demo [-- FILE.jsonl …]

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { QUICK_BUILD, useQuickBuild } from '../shared/quick-build.mjs'
import { createProgress } from './progress.mjs'
import { killClient } from './second-act.mjs'
import { readTranscript } from './transcript.mjs'

// Nothing here leaves the machine.
process.env.NO_PROXY = process.env.no_proxy = '127.0.0.1'
useQuickBuild()

/** @type {typeof import('../../index.js')} */
const { appendSessionLog, configure, getSessionLogs, getSessionLogsViaOAuth, getTeleportEvents } = createRequire(
  import.meta.url,
)('../../index.js')

/** @typedef {import('./transcript.mjs').Entry} Entry */

const OUTAGE_MS = 1200
const SERVICE = fileURLToPath(new URL('../../lib/cli/index.js', import.meta.url))
const SAMPLE = fileURLToPath(new URL('sample.jsonl', import.meta.url))

// What a shell's * gives may hold folders.
const given = process.argv.slice(2).filter((path) => !statSync(path).isDirectory())
const files = given.length > 0 ? given : [SAMPLE]
const dir = await mkdtemp(join(tmpdir(), 'session-ingress-demo-'))
let service = await startService(0)
const { port } = service
const base = `http://127.0.0.1:${port}`

let failedAttempts = 0
let different = 0
configure({
  getSessionIngressAuthToken: () => 'demo-token',
  getOauthConfig: () => ({ BASE_API_URL: base }),
  logForDiagnosticsNoPII: (_level, event) => {
    if (event === 'session_persist_fail_status' || event === 'session_persist_409_adopt_server_uuid') {
      failedAttempts += 1
    }
  },
})

try {
  const sessions = []
  for (const [number, file] of files.entries()) {
    sessions.push({ id: `demo-${number}`, name: basename(file), ...(await readTranscript(file)) })
  }
  const total = sessions.reduce((sum, { entries }) => sum + entries.length, 0)
  console.log(`Appending ${total} entries of ${files.length} transcript(s) to ${base}`)

  const progress = createProgress(total)
  let done = 0
  let outage
  const settled = (/** @type {boolean} */ appended) => {
    if (!appended) different += 1
    progress.advance()
    done += 1
    if (done === Math.ceil(total / 2)) outage = interrupt(progress)
  }
  const rows = []
  for (const session of sessions) {
    rows.push(await tour(session, settled))
    await outage
  }
  progress.end()
  console.table(rows)
  if (process.env.NAPI_RS_NATIVE_LIBRARY_PATH === QUICK_BUILD) console.log('(times of a build without optimisation)')
  console.log('The second act: a client with an outbox is killed in the middle of an outage')
  const { lost, doubled, gaps, ...rest } = await killClient({
    entries: sessions.reduce(
      (most, { entries }) => (entries.length > most.length ? entries : most),
      sessions[0].entries,
    ),
    base,
    dir: join(dir, 'outbox'),
    killService,
    startService: async () => {
      service = await startService(port)
    },
    note: console.log,
  })
  console.table([{ ...rest, lost, doubled, gaps }])
  different += lost + doubled + gaps
} finally {
  service.process.kill()
  await rm(dir, { recursive: true })
}
console.log(
  different === 0
    ? 'Every entry came back equal, through all three readers, and none was lost with its client.'
    : `${different} DIFFERENCES`,
)
process.exitCode = different === 0 ? 0 : 1

/**
 * Appends a session's entries as a host does, all at once, reads them back and compares.
 *
 * @param {{ id: string, name: string } & import('./transcript.mjs').Transcript} session
 * @param {(appended: boolean) => void} settled
 */
async function tour({ id, name, entries, skipped }, settled) {
  const url = `${base}/v1/session_ingress/session/${id}`
  const before = failedAttempts
  const loop = monitorEventLoopDelay({ resolution: 1 })
  const start = performance.now()
  loop.enable()
  await Promise.all(entries.map((entry) => appendSessionLog(id, entry, url).then(settled)))
  const appendedAt = performance.now()
  const results = [
    await getSessionLogs(id, url),
    await getSessionLogsViaOAuth(id, 'demo-token', 'demo-organization'),
    await getTeleportEvents(id, 'demo-token', 'demo-organization'),
  ]
  const end = performance.now()
  await sleep(2)
  loop.disable()
  for (const result of results) different += countDifferences(entries, result ?? [])
  return {
    transcript: name,
    entries: entries.length,
    skipped,
    bytes: entries.reduce((sum, entry) => sum + Buffer.byteLength(JSON.stringify(entry)), 0),
    'append ms': Math.round(appendedAt - start),
    'read ×3 ms': Math.round(end - appendedAt),
    attempts: entries.length + failedAttempts - before,
    'longest hold ms': Number((loop.max / 1e6).toFixed(1)),
  }
}

/** Values and the order of keys alike. @param {Entry[]} expected @param {unknown[]} actual */
function countDifferences(expected, actual) {
  const differs = (/** @type {Entry} */ entry, /** @type {number} */ index) =>
    !isDeepStrictEqual(entry, actual[index]) || JSON.stringify(entry) !== JSON.stringify(actual[index])
  return expected.filter(differs).length + Math.max(0, actual.length - expected.length)
}

/** @param {number} onPort a free one where it is 0 */
async function startService(onPort) {
  const child = spawn(process.execPath, [SERVICE, 'serve', '--dir', dir, '--port', String(onPort)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface(child.stdout), 'line')
  return { process: child, port: Number(/:(\d+)/.exec(line)?.[1]) }
}

async function killService() {
  service.process.kill('SIGKILL')
  await once(service.process, 'exit')
}

/** What an outage looks like: nothing, from here. The queues wait and go on. @param {ReturnType<typeof createProgress>} progress */
async function interrupt(progress) {
  progress.note('… killing the service')
  await killService()
  await sleep(OUTAGE_MS)
  service = await startService(port)
  progress.note('… the service is back')
}
