// What a host is told, in which order, and what its logging may do: specification.md, sections 2, 6 and 9.

import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { test } from 'node:test'
import { addon, createEntry, QUICK, useHost } from './support/addon.mjs'
import { runProgram } from './support/child.mjs'
import { createGate, serve, serveInOrder } from './support/server.mjs'

const { appendSessionLog, getSessionLogs } = addon

test('reports of an operation come in order, and all before its promise settles', async (t) => {
  const host = useHost(t)
  const server = await serveInOrder(
    t,
    { status: 500 },
    { status: 429 },
    { status: 409, headers: { 'x-last-uuid': 'theirs' } },
    { body: { loglines: [{ uuid: 'theirs' }] } },
    { status: 201 },
  )
  const told = await appendSessionLog('s', createEntry(), server.url).then(() => host.told.slice())
  assert.deepEqual(
    told.filter(([kind]) => kind !== 'debug').map(([kind, , event]) => (kind === 'error' ? kind : event)),
    ['error', 'session_persist_fail_status', 'session_persist_fail_status', 'session_persist_409_adopt_server_uuid'],
  )
  assert.ok(told.some(([kind]) => kind === 'debug'))
  assert.equal(host.told.length, told.length)
})

test('a diagnostic without data is called with two arguments', async (t) => {
  /** @type {number[]} */
  const counts = []
  useHost(t, { logForDiagnosticsNoPII: (...given) => counts.push(given.length), retry: { ...QUICK, maxAttempts: 1 } })
  const server = await serveInOrder(t, { status: 409, headers: { 'x-last-uuid': 'a' } }, { status: 400 })
  await appendSessionLog('s', createEntry(), server.url)
  assert.deepEqual(counts, [2, 3, 3])
})

test('a logging callback that throws breaks nothing', async (t) => {
  const throws = () => {
    throw new Error('from the host')
  }
  useHost(t, { logForDebugging: throws, logForDiagnosticsNoPII: throws, logError: throws })
  const server = await serve(t, (request, _response, index) =>
    request.method === 'PUT' ? { status: index === 0 ? 500 : 201 } : { body: { loglines: [1] } },
  )
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.deepEqual(await getSessionLogs('s', server.url), [1])
})

test('a logging callback whose promise rejects breaks nothing', async (t) => {
  const rejects = /** @type {any} */ (
    async () => {
      throw new Error('from the host')
    }
  )
  useHost(t, { logForDebugging: rejects, logForDiagnosticsNoPII: rejects, logError: rejects })
  const server = await serveInOrder(t, { status: 500 }, { status: 201 })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  // An unhandled rejection would fail this file.
  await new Promise(setImmediate)
})

test('a logging callback may call anything, also append', async (t) => {
  const server = await serve(t, () => ({ status: 201 }))
  const { open, opened } = createGate()
  /** @type {Promise<boolean>[]} */
  const nested = []
  useHost(t, {
    logForDebugging: () => {
      if (nested.length === 3) return open()
      addon.configure({ retry: QUICK })
      nested.push(appendSessionLog('other', createEntry(), server.url))
      addon.clearSession('s')
    },
  })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  await opened
  assert.deepEqual(await Promise.all(nested), [true, true, true])
})

test('logging callbacks run outside of the async context of the caller', async (t) => {
  const storage = new AsyncLocalStorage()
  /** @type {unknown[]} */
  const seen = []
  const see = () => seen.push(storage.getStore())
  useHost(t, { logForDebugging: see, logForDiagnosticsNoPII: see, logError: see })
  const server = await serveInOrder(t, { status: 500 }, { status: 201 })
  await storage.run('of the caller', async () => {
    await appendSessionLog('s', createEntry(), server.url)
    assert.equal(storage.getStore(), 'of the caller')
  })
  assert.ok(seen.length > 2)
  assert.deepEqual([...new Set(seen)], [undefined])
})

test('logging callbacks run outside of the async context in which the addon was loaded', async (t) => {
  const server = await serveInOrder(t, { status: 500 }, { status: 201 })
  const { stdout, stderr } = await runProgram('async-context', { url: server.url })
  assert.deepEqual({ stdout, stderr }, { stdout: 'true undefined\n', stderr: '' })
})

test('no report holds the token', async (t) => {
  const host = useHost(t, { getSessionIngressAuthToken: () => 'a-secret', retry: { ...QUICK, maxAttempts: 3 } })
  const server = await serve(t, (_request, response) => void response.destroy())
  await appendSessionLog('s', createEntry(), server.url)
  await getSessionLogs('s', server.url)
  addon.configure({ getSessionIngressAuthToken: () => 'a-secret\n\u0001' })
  await appendSessionLog('s', createEntry(), server.url)
  const text = host.told.map((report) => report.map((part) => part?.stack ?? JSON.stringify(part)).join()).join()
  assert.ok(host.told.length > 6)
  assert.ok(!text.includes('secret'), text)
})

test('without a logging callback nothing is written to the terminal', async (t) => {
  useHost(t, { logForDebugging: null, logForDiagnosticsNoPII: null, logError: null })
  const server = await serveInOrder(t, { status: 500 }, { status: 201 })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
})
