// `flush`: waiting for what is queued, for hosts that are about to exit.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { interrupt, runProgram, startProgram } from './support/child.mjs'
import { createGate, serve } from './support/server.mjs'

const { appendSessionLog, flush, sessionStats } = addon

/** A server that stores when `open` is called. @param {import('node:test').TestContext} t */
async function serveLater(t) {
  const { open, opened } = createGate()
  const server = await serve(t, async () => {
    await opened
    return { status: 201 }
  })
  return { open, ...server }
}

test('where nothing is pending, flush is true at once', async (t) => {
  useHost(t)
  assert.equal(await flush(), true)
  assert.equal(await flush({ sessionId: 'unknown', timeoutMs: 0 }), true)
  assert.equal(await flush(null), true)
  assert.equal(await flush({ sessionId: null, timeoutMs: undefined }), true)
})

test('flush is true when the appends of all sessions have settled, and not before', async (t) => {
  useHost(t)
  const server = await serveLater(t)
  /** @type {string[]} */
  const settled = []
  for (let n = 0; n < 20; n++) {
    appendSessionLog(`s${n % 5}`, createEntry(), server.url).then(() => settled.push('append'))
  }
  const flushed = flush().then((is) => settled.push(`flush ${is}`))
  assert.equal(await flush({ timeoutMs: 20 }), false)
  assert.deepEqual(settled, [])
  server.open()
  await flushed
  assert.deepEqual(settled, [...Array(20).fill('append'), 'flush true'])
})

test('flush is true for appends that fail, and rejects for none', async (t) => {
  useHost(t, { retry: { maxAttempts: 2, baseDelayMs: 1 } })
  const server = await serve(t, () => ({ status: 500 }))
  const appended = appendSessionLog('s', createEntry(), server.url)
  const notSent = appendSessionLog('t', createEntry(), 'nonsense')
  assert.equal(await flush(), true)
  assert.deepEqual([await appended, await notSent, sessionStats().pending], [false, false, 0])
})

test('flush waits for an append without a token too: its promise has not settled yet', async (t) => {
  useHost(t, { getSessionIngressAuthToken: () => null })
  let settled = false
  appendSessionLog('s', createEntry(), 'http://127.0.0.1:9/').then(() => {
    settled = true
  })
  assert.equal(await flush({ timeoutMs: 0 }), false)
  assert.equal(await flush(), true)
  assert.ok(settled)
})

test('flush stops no new appends, and waits for those too', async (t) => {
  useHost(t)
  const { open, opened } = createGate()
  const server = await serve(t, async (_request, _response, index) => {
    if (index === 1) await opened
    return { status: 201 }
  })
  const first = appendSessionLog('s', createEntry(), server.url)
  let flushed = false
  const flushing = flush().then((is) => {
    flushed = true
    return is
  })
  const second = appendSessionLog('s', createEntry(), server.url)
  await first
  await new Promise(setImmediate)
  assert.equal(flushed, false)
  open()
  assert.equal(await flushing, true)
  assert.equal(await second, true)
})

test('flush of a session waits for that session only', async (t) => {
  useHost(t)
  const server = await serveLater(t)
  const quick = await serve(t, () => ({ status: 201 }))
  appendSessionLog('slow', createEntry(), server.url)
  appendSessionLog('quick', createEntry(), quick.url)
  assert.equal(await flush({ sessionId: 'quick' }), true)
  assert.equal(await flush({ sessionId: 'slow', timeoutMs: 0 }), false)
  const slow = flush({ sessionId: 'slow' })
  server.open()
  assert.equal(await slow, true)
})

test('flush waits for what was queued when its session was cleared: it is still sent', async (t) => {
  useHost(t)
  const server = await serveLater(t)
  const before = appendSessionLog('s', createEntry(), server.url)
  addon.clearSession('s')
  assert.equal(await flush({ sessionId: 's', timeoutMs: 1 }), false)
  const after = appendSessionLog('s', createEntry(), server.url)
  addon.clearAllSessions()
  const flushes = [flush({ sessionId: 's' }), flush()]
  server.open()
  assert.deepEqual(await Promise.all(flushes), [true, true])
  assert.equal(sessionStats().pending, 0)
  assert.deepEqual([await before, await after], [true, true])
})

test('many calls of flush can wait at once, each with a timeout of its own', async (t) => {
  useHost(t)
  const server = await serveLater(t)
  appendSessionLog('s', createEntry(), server.url)
  const patient = Array.from({ length: 50 }, (_, n) => flush({ timeoutMs: n % 2 === 0 ? undefined : 1e300 }))
  const hasty = Array.from({ length: 50 }, (_, n) => flush({ timeoutMs: n / 10 }))
  assert.deepEqual(await Promise.all(hasty), Array(50).fill(false))
  server.open()
  assert.deepEqual(await Promise.all(patient), Array(50).fill(true))
})

test('a flush whose time ran out while the thread was busy is true where its appends have settled by then', async (t) => {
  // One request at a time: when that of `other` arrives, the append to `s` has settled on the runtime.
  useHost(t, { limits: { maxConcurrentRequests: 1 } })
  const arrived = new Int32Array(new SharedArrayBuffer(4))
  const server = new Worker(new URL('fixtures/holding-server.cjs', import.meta.url), { workerData: arrived })
  t.after(() => server.terminate())
  const [port] = await once(server, 'message')
  const url = `http://127.0.0.1:${port}`
  const appends = ['s', 'other'].map((sessionId) => appendSessionLog(sessionId, createEntry(), url))
  const flushed = flush({ sessionId: 's', timeoutMs: 1 })
  while (Atomics.load(arrived, 0) < 2) Atomics.wait(arrived, 0, Atomics.load(arrived, 0))
  assert.deepEqual([await flushed, ...(await Promise.all(appends))], [true, true, true])
})

test('flush rejects wrong options with a TypeError that names them', async () => {
  /** @type {[any, string][]} */
  const wrong = [
    [1, 'options'],
    ['s', 'options'],
    [true, 'options'],
    [() => {}, 'options'],
    [{ timeout: 5 }, 'options.timeout'],
  ]
  for (const value of [-1, NaN, Infinity, '5', {}, true, 5n]) wrong.push([{ timeoutMs: value }, 'options.timeoutMs'])
  for (const value of [1, {}, true, Symbol('s')]) wrong.push([{ sessionId: value }, 'sessionId'])
  for (const [options, name] of wrong) {
    await assert.rejects(flush(options), (error) => {
      assert.ok(error instanceof TypeError)
      assert.ok(error.message.includes(name), `${error.message} names ${name}`)
      return true
    })
  }
  const thrown = new RangeError('from the getter')
  const getter = {
    /** @returns {number} */
    get timeoutMs() {
      throw thrown
    },
  }
  await assert.rejects(flush(getter), thrown)
})

/** The example of the README, with other words for what a test has otherwise. */
function example() {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const blocks = [...readme.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code)
  const code = blocks.find((code) => code.includes("process.once('SIGINT'"))
  assert.ok(code, 'the README has an example of an orderly shutdown')
  return code.replace(/^import (.*) from 'session-ingress'$/m, 'const $1 = addon')
}

test("the README's example stores what is queued when it is interrupted", async (t) => {
  const server = await serveLater(t)
  const { child, ended } = startProgram('flushing-host', {
    url: server.url,
    how: 'by the example of the README, while it goes on',
    code: example(),
  })
  await new Promise((resolve) => server.server.once('request', resolve))
  interrupt(child, 'SIGINT')
  server.open()
  assert.deepEqual(await ended, { stdout: '', stderr: '', code: 130, signal: null })
  assert.equal(server.requests.length, 10)
})

test("the README's example gives up when its time is over, and says what is left", async (t) => {
  const server = await serveLater(t)
  const { child, ended } = startProgram('flushing-host', {
    url: server.url,
    how: 'by the example of the README',
    code: example().replace('5000', '50'),
  })
  await new Promise((resolve) => server.server.once('request', resolve))
  interrupt(child, 'SIGINT')
  const { stderr, code } = await ended
  assert.match(stderr, /^10 entries/)
  assert.equal(code, 130)
  server.open()
})

test("the README's example ends by itself when all is stored", async (t) => {
  const server = await serve(t, () => ({ status: 201 }))
  const { stderr, code } = await runProgram('flushing-host', {
    url: server.url,
    how: 'by the example of the README',
    code: example(),
  })
  assert.match(stderr, /^10 entries stored/)
  assert.equal(code, 0)
  assert.equal(server.requests.length, 10)
})

test('a process that flushes before it exits does so once, and ends', async (t) => {
  const server = await serve(t, () => ({ status: 201 }))
  assert.deepEqual(await runProgram('flushing-host', { url: server.url, how: 'before it exits' }), {
    stdout: 'true\n',
    stderr: '',
    code: 0,
    signal: null,
  })
})

test('a last entry can be appended before the process exits', async (t) => {
  const server = await serve(t, () => ({ status: 201 }))
  const given = { url: server.url, how: 'not, but appends a last entry' }
  const { stdout, code } = await runProgram('flushing-host', given)
  assert.deepEqual({ stdout, code }, { stdout: 'true\n', code: 0 })
  assert.equal(server.requests[10].json().uuid, 'last')
})
