// Responses that go on and on: every promise settles all the same. specification.md, section 8.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { createGzip } from 'node:zlib'
import { addon, createEntry, QUICK, useHost } from './support/addon.mjs'
import { startWorker } from './support/child.mjs'
import { createGate, serve } from './support/server.mjs'

const { appendSessionLog, getSessionLogs } = addon

/** @typedef {import('node:http').ServerResponse} ServerResponse */

/** Sends a text again and again, as fast as it is taken. @param {import('node:stream').Writable} to @param {string} text */
function flood(to, text) {
  const write = () => {
    while (!to.destroyed && to.write(text));
    if (!to.destroyed) to.once('drain', write)
  }
  write()
}

/** Sends a text again and again, with pauses. @param {ServerResponse} response @param {string} text @param {number} ms */
function trickle(response, text, ms) {
  const timer = setInterval(() => response.write(text), ms)
  response.once('close', () => clearInterval(timer))
}

const ENTRIES = '{},'.repeat(5000)

for (const [status, result, event] of /** @type {const} */ ([
  [404, [], 'session_get_no_logs_for_session'],
  [500, null, 'session_get_fail_status'],
])) {
  test(`of an endless ${status}, the status counts`, async (t) => {
    const host = useHost(t)
    const server = await serve(t, (_request, response) => flood(response.writeHead(status), 'x'.repeat(10_000)))
    assert.deepEqual(await getSessionLogs('s', server.url), result)
    assert.deepEqual(host.events, [event])
  })

  test(`of a ${status} whose body trickles without end, the status counts`, async (t) => {
    const host = useHost(t)
    const server = await serve(t, (_request, response) => trickle(response.writeHead(status), 'x', 50))
    assert.deepEqual(await getSessionLogs('s', server.url), result)
    assert.deepEqual(host.events, [event])
  })
}

test('of an append, the status counts however long its body goes on', async (t) => {
  useHost(t)
  const fast = await serve(t, (_request, response) => flood(response.writeHead(201), 'x'.repeat(10_000)))
  const slow = await serve(t, (_request, response) => trickle(response.writeHead(201), 'x', 20))
  assert.equal(await appendSessionLog('fast', createEntry(), fast.url), true)
  assert.equal(await appendSessionLog('slow', createEntry(), slow.url), true)
})

test('an endless log ends at maxResponseBytes', async (t) => {
  const host = useHost(t, { limits: { maxResponseBytes: 1_000_000 } })
  const server = await serve(t, (_request, response) => {
    response.write('{"loglines":[')
    flood(response, ENTRIES)
  })
  assert.equal(await getSessionLogs('s', server.url), null)
  assert.match(host.errors[0].message, /1000000 bytes \(limits\.maxResponseBytes\)/)
})

test('an endless compressed log ends at maxResponseBytes', async (t) => {
  const host = useHost(t, { limits: { maxResponseBytes: 1_000_000 } })
  const server = await serve(t, (_request, response) => {
    const gzip = createGzip()
    gzip.pipe(response.writeHead(200, { 'content-encoding': 'gzip' }))
    response.once('close', () => gzip.destroy())
    gzip.write('{"loglines":[')
    flood(gzip, ENTRIES)
  })
  assert.equal(await getSessionLogs('s', server.url), null)
  assert.match(host.errors[0].message, /1000000 bytes \(limits\.maxResponseBytes\)/)
})

test('a log that trickles without end, compressed or not, ends after 10 × fetchMs, by name', async (t) => {
  const host = useHost(t, { timeouts: { fetchMs: 600 } })
  const plain = await serve(t, (_request, response) => {
    response.write('{"loglines":[{}')
    trickle(response, ',{}', 20)
  })
  const compressed = await serve(t, (_request, response) => {
    const gzip = createGzip()
    gzip.pipe(response.writeHead(200, { 'content-encoding': 'gzip' }))
    gzip.write('{"loglines":[{}')
    const timer = setInterval(() => {
      gzip.write(',{}')
      gzip.flush()
    }, 20)
    response.once('close', () => {
      clearInterval(timer)
      gzip.destroy()
    })
  })
  assert.deepEqual(await Promise.all([plain, compressed].map(({ url }) => getSessionLogs('s', url))), [null, null])
  for (const { message } of host.errors) assert.match(message, /did not end within \d{4} ms \(timeouts\.fetchMs\)/)
  assert.deepEqual(host.diagnostics, Array(2).fill(['error', 'session_get_fail_status', { status: 200 }]))
})

for (const [how, send] of /** @type {[string, (response: ServerResponse) => void][]} */ ([
  ['without end', (response) => flood(response, ENTRIES)],
  ['slowly and without end', (response) => trickle(response, '{},', 20)],
])) {
  test(`an entry in doubt stays in doubt where its log goes on ${how}`, async (t) => {
    const host = useHost(t, { timeouts: { fetchMs: 400 }, retry: { ...QUICK, maxAttempts: 2 } })
    const server = await serve(t, (request, response, index) => {
      if (request.method === 'GET') {
        response.write('{"loglines":[')
        return void send(response)
      }
      return index === 0 ? { status: 500 } : { status: 409, headers: { 'x-last-uuid': 'another' } }
    })
    assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
    assert.deepEqual(
      server.requests.map(({ method }) => method),
      ['PUT', 'PUT', 'GET'],
    )
    assert.ok(host.errors.some(({ message }) => /did not end within 4000 ms \(timeouts\.fetchMs\)/.test(message)))
    assert.match(host.errors.at(-1).message, /did not show whether the entry was stored/)
    assert.equal(host.events.at(-1), 'session_persist_error_retries_exhausted')
  })
}

test('reads that trickle take three quarters of the permits, and an append is sent at once', async (t) => {
  useHost(t, { limits: { maxConcurrentRequests: 8 } })
  const { open: openSix, opened: six } = createGate()
  let reads = 0
  const server = await serve(t, (request, response) => {
    if (request.method === 'PUT') return { status: 201 }
    reads += 1
    if (reads === 6) openSix()
    response.write('{"loglines":[{}')
    trickle(response, ',{}', 50)
  })
  const controller = new AbortController()
  const reading = Array.from({ length: 20 }, () =>
    getSessionLogs('s', server.url, { signal: controller.signal }).catch((error) => error.name),
  )
  await six
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.equal(reads, 6)
  controller.abort()
  assert.deepEqual(await Promise.all(reading), Array(20).fill('AbortError'))
})

test('an append and a read take turns where there is one permit', async (t) => {
  useHost(t, { limits: { maxConcurrentRequests: 1 } })
  const server = await serve(t, ({ method }) => (method === 'PUT' ? { status: 201 } : { body: { loglines: [] } }))
  const reads = Array.from({ length: 5 }, () => getSessionLogs('s', server.url))
  const appends = Array.from({ length: 5 }, (_, n) => appendSessionLog(`s${n}`, createEntry(), server.url))
  await Promise.all([...reads, ...appends])
  const methods = server.requests.map(({ method }) => method).join(' ')
  assert.match(methods, /^GET (GET )?(PUT GET ){3}PUT/)
})

test('an append that gets no permit ends after appendMs, by name, and leaves no entry in doubt', async (t) => {
  const host = useHost(t, {
    limits: { maxConcurrentRequests: 1 },
    retry: { maxAttempts: 1 },
    timeouts: { appendMs: 100 },
  })
  const { open, opened } = createGate()
  const server = await serve(t, (request, response) => {
    if (request.method === 'PUT') return { status: 201 }
    response.write('{"loglines":[')
    open()
  })
  const controller = new AbortController()
  const reading = getSessionLogs('s', server.url, { signal: controller.signal })
  await opened
  const entry = createEntry()
  assert.equal(await appendSessionLog('s', entry, server.url), false)
  const message = /nothing was sent within 100 ms \(timeouts\.appendMs\): all of limits\.maxConcurrentRequests/
  assert.match(host.errors[0].message, message)
  controller.abort()
  await assert.rejects(reading)
  addon.configure({ timeouts: null })
  assert.equal(await appendSessionLog('s', entry, server.url), true)
  assert.deepEqual(
    server.requests.map(({ method }) => method),
    ['GET', 'PUT'],
  )
})

test("a worker whose thread is blocked keeps no other thread's append waiting", async (t) => {
  useHost(t, { limits: { maxConcurrentRequests: 4 } })
  const { open, opened } = createGate()
  let reads = 0
  const server = await serve(t, (request, response) => {
    if (request.method === 'PUT') return { status: 201 }
    reads += 1
    if (reads === 3) open()
    response.write('{"loglines":[')
    flood(response, ENTRIES)
  })
  const gate = new Int32Array(new SharedArrayBuffer(4))
  const worker = startWorker({ url: server.url, what: 'read eight logs and block the thread', gate })
  t.after(async () => {
    Atomics.notify(gate, 0)
    await worker.terminate()
  })
  await once(worker, 'message')
  await opened
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.equal(reads, 3)
})
