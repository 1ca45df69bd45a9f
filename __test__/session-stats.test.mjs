// `sessionStats`: figures that agree with the promises, at any moment.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { runProgram } from './support/child.mjs'
import { createGate, serve } from './support/server.mjs'

const { appendSessionLog, getSessionLogs } = addon

/** The counters; reasons.test.mjs has the times and the last error. @param {string} [sessionId] */
function sessionStats(sessionId) {
  const { oldestPendingMs, latency, lastError, ...counters } = addon.sessionStats(sessionId)
  assert.ok(oldestPendingMs >= 0 && latency.count >= 0 && lastError !== undefined)
  return counters
}

/** Without an outbox. */
const NOTHING_DEFERRED = { deferred: 0, deferredBytes: 0, recovered: 0 }
/** Of no append there is nothing to tell. */
const NO_APPENDS = { oldestPendingMs: 0, latency: { count: 0, p50: 0, p95: 0, p99: 0 }, lastError: null }
const NONE = { pending: 0, pendingBytes: 0, head: null, appended: 0, failed: 0, retries: 0, ...NOTHING_DEFERRED }

/** What has been added to the figures of all sessions since `before`. @param {ReturnType<typeof sessionStats>} before */
function since(before) {
  const { head, ...now } = sessionStats()
  assert.equal(head, null)
  return Object.fromEntries(Object.entries(now).map(([key, value]) => [key, value - /** @type {any} */ (before)[key]]))
}

test('sessionStats gives zeros for a session that is not known, and no promise', () => {
  assert.deepEqual(sessionStats('unknown'), NONE)
  assert.equal(Object.getPrototypeOf(sessionStats('unknown')), Object.prototype)
  assert.equal(sessionStats().head, null)
})

test('an append counts as pending from the call until its promise has settled', async (t) => {
  useHost(t)
  const before = sessionStats()
  const { open, opened } = createGate()
  const server = await serve(t, async () => {
    await opened
    return { status: 201 }
  })
  const entries = Array.from({ length: 3 }, () => createEntry({ text: 'größer 😀' }))
  const bytes = Buffer.byteLength(entries.map((entry) => JSON.stringify(entry)).join(''))
  const appends = entries.map((entry) => appendSessionLog('s', entry, server.url))
  appends.push(appendSessionLog('other', entries[0], server.url))
  assert.deepEqual(sessionStats('s'), { ...NONE, pending: 3, pendingBytes: bytes })
  assert.deepEqual(since(before), {
    pending: 4,
    pendingBytes: (bytes / 3) * 4,
    appended: 0,
    failed: 0,
    retries: 0,
    ...NOTHING_DEFERRED,
  })
  open()
  for (const [index, append] of appends.slice(0, 3).entries()) {
    await append
    const { pending, appended } = sessionStats('s')
    assert.ok(pending <= 2 - index && appended >= index + 1)
  }
  await appends[3]
  assert.deepEqual(sessionStats('s'), { ...NONE, head: entries[2].uuid, appended: 3 })
  assert.deepEqual(since(before), {
    pending: 0,
    pendingBytes: 0,
    appended: 4,
    failed: 0,
    retries: 0,
    ...NOTHING_DEFERRED,
  })
})

test('attempts beyond the first are retries, and show while the append is pending', async (t) => {
  useHost(t)
  const before = sessionStats()
  const { open, opened } = createGate()
  const { open: arrive, opened: arrived } = createGate()
  const server = await serve(t, async (_request, _response, index) => {
    if (index < 2) return { status: 400 }
    if (index === 2) return { status: 409, headers: { 'x-last-uuid': 'other' } }
    arrive()
    await opened
    return { status: 201 }
  })
  const appended = appendSessionLog('s', createEntry(), server.url)
  await arrived
  assert.deepEqual([sessionStats('s').retries, since(before).retries, sessionStats('s').pending], [3, 3, 1])
  open()
  await appended
  assert.deepEqual([sessionStats('s').retries, since(before).retries, sessionStats('s').pending], [3, 3, 0])
})

test('an append that resolves false counts as failed, one that rejects does not count', async (t) => {
  useHost(t, { retry: { maxAttempts: 1 } })
  const before = sessionStats()
  const server = await serve(t, () => ({ status: 500 }))
  const append = /** @type {any} */ (appendSessionLog)
  assert.equal(await append('s', createEntry(), server.url), false)
  assert.equal(await append('s', createEntry(), 'nonsense'), false)
  assert.equal(await append('s', { uuid: 'a', toJSON: () => undefined }, server.url), false)
  addon.configure({ getSessionIngressAuthToken: () => null })
  assert.equal(await append('s', createEntry(), server.url), false)
  await assert.rejects(append('s', {}, server.url))
  await assert.rejects(append('s', createEntry()))
  assert.deepEqual(sessionStats('s'), { ...NONE, failed: 4 })
  assert.deepEqual(since(before), {
    pending: 0,
    pendingBytes: 0,
    appended: 0,
    failed: 4,
    retries: 0,
    ...NOTHING_DEFERRED,
  })
})

test('the head in the figures is the uuid of the last entry known to be on the server', async (t) => {
  useHost(t)
  const server = await serve(t, (_request, _response, index) =>
    index === 0 ? { body: { loglines: [{ uuid: 'Read' }] } } : { status: index === 1 ? 500 : 201 },
  )
  await getSessionLogs('s', server.url)
  assert.deepEqual(sessionStats('s'), { ...NONE, head: 'Read' })
  const appended = appendSessionLog('s', { uuid: 'Own' }, server.url)
  assert.equal(sessionStats('s').head, 'Read')
  await appended
  assert.equal(sessionStats('s').head, 'Own')
})

test('clearing sets the figures of a session back, but for what is pending, and leaves those of all sessions', async (t) => {
  useHost(t)
  const before = sessionStats()
  const { open, opened } = createGate()
  const server = await serve(t, async (_request, _response, index) => {
    if (index > 0) await opened
    return { status: 201 }
  })
  await appendSessionLog('s', createEntry(), server.url)
  const entry = createEntry()
  const pendingBytes = JSON.stringify(entry).length
  const pending = appendSessionLog('s', entry, server.url)
  addon.clearSession('s')
  assert.deepEqual(sessionStats('s'), { ...NONE, pending: 1, pendingBytes })
  const next = appendSessionLog('s', entry, server.url)
  assert.deepEqual(sessionStats('s'), { ...NONE, pending: 2, pendingBytes: 2 * pendingBytes })
  addon.clearAllSessions()
  assert.deepEqual(sessionStats('s'), { ...NONE, pending: 2, pendingBytes: 2 * pendingBytes })
  open()
  await Promise.all([pending, next])
  assert.deepEqual(sessionStats('s'), NONE)
  assert.deepEqual(since(before), {
    pending: 0,
    pendingBytes: 0,
    appended: 3,
    failed: 0,
    retries: 0,
    ...NOTHING_DEFERRED,
  })
})

test('a logging callback sees its own append as pending', async (t) => {
  /** @type {number[]} */
  const seen = []
  useHost(t, { logForDebugging: () => seen.push(sessionStats('s').pending) })
  const server = await serve(t, () => ({ status: 201 }))
  await appendSessionLog('s', createEntry(), server.url)
  assert.ok(seen.length > 0 && seen.every((pending) => pending === 1))
})

test('sessionStats throws a TypeError that names a sessionId which is not a string', () => {
  for (const value of [null, 1, true, {}, [], Symbol('s'), 1n, () => {}]) {
    assert.throws(() => sessionStats(/** @type {any} */ (value)), { name: 'TypeError', message: /sessionId/ })
  }
})

test('a script that asks for figures ends by itself, and nothing is kept of the ids', async () => {
  const { stdout, code } = await runProgram('many-figures')
  assert.deepEqual({ stdout, code }, { stdout: `${JSON.stringify([true, { ...NONE, ...NO_APPENDS }])}\n`, code: 0 })
})
