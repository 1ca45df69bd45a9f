// The main job of the package in any runtime, from an installed tarball: appends under faults, reads, pages,
// clears, does some of it in a worker, and ends by itself. Takes the service's base URL; throws where
// something is not as it should be.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import * as ingress from 'session-ingress'

const base = isMainThread ? argv[2] : workerData
const urlOf = (/** @type {string} */ id) => `${base}/v1/session_ingress/session/${id}`
const createEntry = (/** @type {string} */ id, /** @type {number} */ n) => ({
  uuid: `${id}-${n}`,
  type: 'user',
  text: `ünï ${n}`,
  nothing: null,
})

ingress.configure({
  getSessionIngressAuthToken: () => 'token',
  getOauthConfig: () => ({ BASE_API_URL: base }),
  retry: { baseDelayMs: 1, maxDelayMs: 5 },
})

if (isMainThread) {
  assert.equal(createRequire(import.meta.url)('session-ingress').configure, ingress.configure)

  // More than a page of teleport events.
  const entries = Array.from({ length: 1200 }, (_, n) => createEntry('main', n))
  const appended = await Promise.all(entries.map((entry) => ingress.appendSessionLog('main', entry, urlOf('main'))))
  assert.ok(appended.every((is) => is === true))
  assert.deepEqual(await ingress.getSessionLogs('main', urlOf('main')), entries)
  assert.deepEqual(await ingress.getSessionLogsViaOAuth('main', 'access', 'org'), entries)
  assert.deepEqual(await ingress.getTeleportEvents('main', 'access', 'org'), entries)
  assert.equal(await ingress.getTeleportEvents('none', 'access', 'org'), null)

  // A cleared session has no head: the service names it.
  await ingress.clearSession('main')
  assert.equal(await ingress.appendSessionLog('main', createEntry('main', 1200), urlOf('main')), true)
  await ingress.clearAllSessions()
  assert.equal((await ingress.getSessionLogs('main', urlOf('main')))?.length, 1201)

  await assert.rejects(ingress.appendSessionLog('main', { uuid: '' }, urlOf('main')), TypeError)

  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: base })
  const said = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  assert.equal(said, 'appended and read')
  console.log('done')
} else {
  const entry = createEntry('worker', 0)
  assert.equal(await ingress.appendSessionLog('worker', entry, urlOf('worker')), true)
  assert.deepEqual(await ingress.getSessionLogs('worker', urlOf('worker')), [entry])
  parentPort?.postMessage('appended and read')
}
