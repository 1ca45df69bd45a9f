// Writers that race each other on one log: `retry.maxConflicts`.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startIngressServer } from 'session-ingress/testing'
import { addon, createEntry, QUICK, useHost } from './support/addon.mjs'
import { createLogs, serve } from './support/server.mjs'

const { appendSessionLog, getSessionLogs } = addon

const WRITERS = 8
const ENTRIES = 60

for (const run of [1, 2, 3]) {
  test(`eight writers of sixty entries each on one log: all are stored once, run ${run}`, async (t) => {
    const host = useHost(t, { retry: null })
    const server = await startIngressServer()
    t.after(() => server.close())
    const url = server.logUrl('shared')
    // A session is a queue with a head of its own: none of them knows of the others.
    const appends = Array.from({ length: WRITERS }, (_, writer) =>
      Array.from({ length: ENTRIES }, () => {
        const entry = createEntry({ writer })
        return { uuid: entry.uuid, writer, appended: appendSessionLog(`writer-${writer}`, entry, url) }
      }),
    ).flat()
    const results = await Promise.all(appends.map(({ appended }) => appended))
    assert.equal(results.filter(Boolean).length, WRITERS * ENTRIES)
    assert.deepEqual(host.errors, [])
    const log = /** @type {any[]} */ (await getSessionLogs('reader', url))
    for (let writer = 0; writer < WRITERS; writer++) {
      const own = (/** @type {{ writer: number }} */ entry) => entry.writer === writer
      assert.deepEqual(
        log.filter(own).map(({ uuid }) => uuid),
        appends.filter(own).map(({ uuid }) => uuid),
      )
    }
    assert.equal(log.length, WRITERS * ENTRIES)
  })
}

/** A server whose head is another one with each request. @param {import('node:test').TestContext} t */
function serveConflicts(t) {
  return serve(t, (_request, _response, index) => ({ status: 409, headers: { 'x-last-uuid': `theirs-${index}` } }))
}

test('an append that met retry.maxConflicts conflicts has failed, and says so once', async (t) => {
  const host = useHost(t, { retry: { ...QUICK, maxAttempts: 1, maxConflicts: 4 } })
  const server = await serveConflicts(t)
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  assert.equal(server.requests.length, 4)
  assert.deepEqual(host.diagnostics.at(-1), ['error', 'session_persist_error_retries_exhausted', { attempt: 4 }])
  assert.match(host.errors[0].message, /other writers were faster 4 times \(retry\.maxConflicts\)/)
  assert.equal(host.errors.length, 1)
})

test('with retry.maxConflicts 0 a conflict counts as an attempt', async (t) => {
  const host = useHost(t, { retry: { ...QUICK, maxAttempts: 3, maxConflicts: 0 } })
  const server = await serveConflicts(t)
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  assert.equal(server.requests.length, 3)
  assert.deepEqual(host.events, Array(3).fill('session_persist_409_adopt_server_uuid'))
})

/** A proxy that sends each PUT twice, with another writer in between, and passes on the second response. */
const repeatsPuts = (/** @type {string} */ url, /** @type {{ uuid: string }} */ theirs) => {
  let head = ''
  return async (/** @type {import('./support/server.mjs').Recorded} */ { method, headers: given, body }) => {
    const headers = { authorization: 'Bearer token', 'last-uuid': String(given['last-uuid'] ?? '') }
    const send = (/** @type {object} */ init) => fetch(url, /** @type {any} */ ({ method, headers, ...init }))
    if (method === 'GET') {
      return { body: await (await send({})).text() }
    }
    const first = await send({ body })
    if (first.status === 201 && head === '') {
      head = JSON.parse(body.toString()).uuid
      await send({ body: JSON.stringify(theirs), headers: { ...headers, 'last-uuid': head } })
    }
    const second = await send({ body })
    return { status: second.status, headers: { 'x-last-uuid': second.headers.get('x-last-uuid') ?? '' } }
  }
}

for (const verifyConflicts of [true, false]) {
  test(`behind a proxy that repeats PUTs an entry is stored ${verifyConflicts ? 'once' : 'twice'} with verifyConflicts ${verifyConflicts}`, async (t) => {
    useHost(t, { retry: { ...QUICK, verifyConflicts } })
    const { logs, handler } = createLogs()
    const server = await serve(t, handler)
    const [entry, theirs] = [createEntry(), createEntry()]
    logs.set('/log', [createEntry()])
    await getSessionLogs('s', `${server.url}/log`)
    const proxy = await serve(t, repeatsPuts(`${server.url}/log`, theirs))
    await getSessionLogs('s', proxy.url)
    assert.equal(await appendSessionLog('s', entry, proxy.url), true)
    const stored = logs.get('/log')?.filter(({ uuid }) => uuid === entry.uuid)
    assert.equal(stored?.length, verifyConflicts ? 1 : 2)
  })
}
