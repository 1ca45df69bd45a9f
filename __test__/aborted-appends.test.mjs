// `appendSessionLog(…, { signal })`: an entry leaves its queue as long as nothing of it was sent.

import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { addon, createEntry, QUICK, useHost } from './support/addon.mjs'
import { createFolder } from './support/package.mjs'
import { createGate, serve } from './support/server.mjs'

const { appendSessionLog, flush, sessionStats } = addon

/** A server whose first response waits until `open`. @param {import('node:test').TestContext} t */
async function serveBehindGate(t) {
  const [came, gate] = [createGate(), createGate()]
  const server = await serve(t, async (_request, _response, index) => {
    came.open()
    if (index === 0) await gate.opened
    return { status: 201 }
  })
  const uuids = () => server.requests.map((request) => request.json().uuid)
  return { url: server.url, uuids, came: came.opened, open: gate.open }
}

test('an entry that waits in the queue is taken out, and its promise rejects with the reason of the signal', async (t) => {
  const host = useHost(t)
  const { url, uuids, came, open } = await serveBehindGate(t)
  const [first, second, third] = [createEntry(), createEntry(), createEntry()]
  const controller = new AbortController()
  const stored = appendSessionLog('s', first, url)
  const aborted = appendSessionLog('s', second, url, { signal: controller.signal })
  const last = appendSessionLog('s', third, url)
  await came
  const { pending, pendingBytes } = sessionStats('s')
  const reason = new Error('enough')
  controller.abort(reason)
  await assert.rejects(aborted, (error) => error === reason)
  const bytes = Buffer.byteLength(JSON.stringify(second))
  assert.deepEqual([sessionStats('s').pending, sessionStats('s').pendingBytes], [pending - 1, pendingBytes - bytes])
  open()
  assert.deepEqual(await Promise.all([stored, last]), [true, true])
  assert.deepEqual(uuids(), [first.uuid, third.uuid])
  const { appended, failed } = sessionStats('s')
  assert.deepEqual([appended, failed], [2, 0])
  assert.deepEqual([host.events, host.errors], [[], []])
  assert.equal(host.debugLines.filter((line) => line.includes(second.uuid)).length, 1)
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
})

test('without a reason of its own, a signal rejects with an AbortError', async (t) => {
  useHost(t)
  const { url, came, open } = await serveBehindGate(t)
  const first = appendSessionLog('s', createEntry(), url)
  const controller = new AbortController()
  const aborted = appendSessionLog('s', createEntry(), url, { signal: controller.signal })
  await came
  controller.abort()
  await assert.rejects(aborted, { name: 'AbortError' })
  open()
  assert.equal(await first, true)
})

test('once its PUT has begun, and between attempts, the signal does nothing', async (t) => {
  useHost(t, { retry: { ...QUICK, baseDelayMs: 50, maxDelayMs: 50 } })
  const controller = new AbortController()
  const server = await serve(t, (_request, _response, index) => {
    if (index === 0) setTimeout(() => controller.abort(), 5)
    return { status: index === 0 ? 503 : 201 }
  })
  assert.equal(await appendSessionLog('s', createEntry(), server.url, { signal: controller.signal }), true)
  assert.equal(controller.signal.aborted, true)
  assert.equal(server.requests.length, 2)
})

test('where the signal has aborted before the call, nothing is sent and the host is asked for nothing', async (t) => {
  let tokens = 0
  useHost(t, { getSessionIngressAuthToken: () => `token-${++tokens}` })
  const server = await serve(t, () => ({ status: 201 }))
  const reason = new Error('before')
  const signal = AbortSignal.abort(reason)
  await assert.rejects(appendSessionLog('s', createEntry(), server.url, { signal }), (error) => error === reason)
  assert.deepEqual([tokens, server.requests.length], [0, 0])
})

test('a signal that aborts while the host is asked for its token keeps the entry from the queue', async (t) => {
  const controller = new AbortController()
  useHost(t, {
    getSessionIngressAuthToken: () => {
      controller.abort()
      return 'token'
    },
  })
  const server = await serve(t, () => ({ status: 201 }))
  const { signal } = controller
  await assert.rejects(appendSessionLog('s', createEntry(), server.url, { signal }), { name: 'AbortError' })
  assert.equal(server.requests.length, 0)
  assert.equal(sessionStats('s').pending, 0)
})

test('where calls joined one entry, it goes only when all of them are aborted', async (t) => {
  useHost(t)
  const { url, uuids, came, open } = await serveBehindGate(t)
  const [a, b] = [new AbortController(), new AbortController()]
  const [first, both, kept] = [createEntry(), createEntry(), createEntry()]
  const stored = appendSessionLog('s', first, url)
  const gone = [a, b, a].map(({ signal }) => appendSessionLog('s', both, url, { signal }))
  const joined = [appendSessionLog('s', kept, url, { signal: a.signal }), appendSessionLog('s', kept, url)]
  await came
  a.abort(new Error('a'))
  await new Promise(setImmediate)
  assert.equal(sessionStats('s').pending, 6)
  b.abort(new Error('b'))
  const ended = await Promise.allSettled(gone)
  assert.deepEqual(
    ended.map((result) => result.status === 'rejected' && result.reason.message),
    ['a', 'b', 'a'],
  )
  open()
  assert.deepEqual(await Promise.all([stored, ...joined]), [true, true, true])
  assert.deepEqual(uuids(), [first.uuid, kept.uuid])
})

test('an entry that was taken out can be appended again', async (t) => {
  useHost(t)
  const { url, uuids, came, open } = await serveBehindGate(t)
  const controller = new AbortController()
  const [first, second] = [createEntry(), createEntry()]
  const stored = appendSessionLog('s', first, url)
  const aborted = appendSessionLog('s', second, url, { signal: controller.signal })
  await came
  controller.abort()
  const again = appendSessionLog('s', second, url)
  await assert.rejects(aborted)
  open()
  assert.deepEqual(await Promise.all([stored, again]), [true, true])
  assert.deepEqual(uuids(), [first.uuid, second.uuid])
})

test('flush does not wait for an entry that was taken out', async (t) => {
  useHost(t)
  const { url, came, open } = await serveBehindGate(t)
  const controller = new AbortController()
  const first = appendSessionLog('s', createEntry(), url)
  const waiting = [1, 2].map(() => appendSessionLog('s', createEntry(), url, { signal: controller.signal }))
  await came
  controller.abort()
  await Promise.allSettled(waiting)
  assert.equal(sessionStats('s').pending, 1)
  const flushed = flush({ sessionId: 's' })
  open()
  assert.deepEqual(await Promise.all([first, flushed]), [true, true])
})

test('one signal aborts hundreds of entries, and no listener is left', async (t) => {
  useHost(t)
  const { url, uuids, came, open } = await serveBehindGate(t)
  const controller = new AbortController()
  const first = appendSessionLog('s', createEntry(), url)
  const rest = Array.from({ length: 500 }, () =>
    appendSessionLog('s', createEntry(), url, { signal: controller.signal }),
  )
  assert.equal(getEventListeners(controller.signal, 'abort').length, 1)
  await came
  controller.abort()
  const ended = await Promise.allSettled(rest)
  assert.ok(ended.every(({ status }) => status === 'rejected'))
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
  open()
  assert.equal(await first, true)
  assert.equal(await appendSessionLog('s', createEntry(), url), true)
  assert.equal(uuids().length, 2)
})

test('with an outbox, an entry leaves its queue until its turn, and is not kept', async (t) => {
  const dir = join(createFolder(t), 'outbox')
  const host = useHost(t, { outbox: { dir } })
  const { url, uuids, came, open } = await serveBehindGate(t)
  const controller = new AbortController()
  const [first, second, third] = [createEntry(), createEntry(), createEntry()]
  const stored = appendSessionLog('s', first, url)
  const aborted = appendSessionLog('s', second, url, { signal: controller.signal })
  const last = appendSessionLog('s', third, url)
  await came
  controller.abort()
  await assert.rejects(aborted, { name: 'AbortError' })
  open()
  assert.deepEqual(await Promise.all([stored, last]), [true, true])
  assert.equal(await flush({ deferred: true }), true)
  assert.deepEqual(uuids(), [first.uuid, third.uuid])
  assert.deepEqual(host.events, [])
})

test('wrong options reject with a TypeError that names them', async (t) => {
  useHost(t)
  const append = (/** @type {any} */ options) => appendSessionLog('s', createEntry(), 'http://127.0.0.1:1/', options)
  await assert.rejects(append(5), { name: 'TypeError', message: /options/ })
  await assert.rejects(append({ signal: {} }), { name: 'TypeError', message: /options\.signal/ })
  await assert.rejects(append({ abort: true }), { name: 'TypeError', message: /options\.abort/ })
})
