// `limits.maxPendingBytes` and `limits.maxResponseBytes`.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { brotliCompressSync, constants, createGzip, deflateRawSync, gzipSync } from 'node:zlib'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { runProgram } from './support/child.mjs'
import { createGate, serve } from './support/server.mjs'

const { appendSessionLog, getSessionLogs, getSessionLogsViaOAuth, getTeleportEvents, sessionStats } = addon

const QUEUE_FULL = ['error', 'session_persist_fail_queue_full']

/** An entry of so many bytes as JSON. @param {number} bytes */
function entryOf(bytes) {
  const empty = createEntry({ text: '' })
  return { ...empty, text: 'x'.repeat(bytes - JSON.stringify(empty).length) }
}

test('an append that exceeds maxPendingBytes resolves false at once, and sends nothing', async (t) => {
  const host = useHost(t, { limits: { maxPendingBytes: 1000 } })
  const { open, opened } = createGate()
  const server = await serve(t, async () => {
    await opened
    return { status: 201 }
  })
  const [first, second] = [entryOf(400), entryOf(600)]
  const fitting = [appendSessionLog('a', first, server.url), appendSessionLog('b', second, server.url)]
  assert.equal(sessionStats().pendingBytes, 1000)
  assert.equal(await appendSessionLog('a', entryOf(100), server.url), false)
  assert.deepEqual(host.diagnostics, [QUEUE_FULL])
  assert.deepEqual(host.errors, [])
  assert.match(host.debugLines[0], /maxPendingBytes/)
  assert.deepEqual([sessionStats('a').failed, sessionStats().pendingBytes], [1, 1000])
  open()
  assert.deepEqual(await Promise.all(fitting), [true, true])
  assert.equal(await appendSessionLog('a', entryOf(1000), server.url), true)
  assert.deepEqual(host.diagnostics, [QUEUE_FULL])
  assert.equal(server.requests.length, 3)
})

test('an entry that is larger than maxPendingBytes never fits', async (t) => {
  const host = useHost(t, { limits: { maxPendingBytes: 100 } })
  const server = await serve(t, () => ({ status: 201 }))
  assert.equal(await appendSessionLog('s', entryOf(101), server.url), false)
  assert.equal(await appendSessionLog('s', entryOf(100), server.url), true)
  assert.deepEqual(host.diagnostics, [QUEUE_FULL])
})

test('maxPendingBytes counts the bytes of the JSON, not characters', async (t) => {
  const entry = createEntry({ text: 'é😀' })
  const bytes = Buffer.byteLength(JSON.stringify(entry))
  const host = useHost(t, { limits: { maxPendingBytes: bytes - 1 } })
  const server = await serve(t, () => ({ status: 201 }))
  assert.equal(await appendSessionLog('s', entry, server.url), false)
  addon.configure({ limits: { maxPendingBytes: bytes } })
  assert.equal(await appendSessionLog('s', entry, server.url), true)
  assert.deepEqual(host.diagnostics, [QUEUE_FULL])
})

test('entries that fit maxPendingBytes keep their order, and their chain has no gap', async (t) => {
  useHost(t, { limits: { maxPendingBytes: 500 } })
  /** @type {any[]} */
  const log = []
  const server = await serve(t, (request) => {
    assert.equal(request.headers['last-uuid'], log.at(-1))
    log.push(request.json().uuid)
    return { status: 201 }
  })
  const entries = Array.from({ length: 20 }, () => entryOf(150))
  const appended = await Promise.all(entries.map((entry) => appendSessionLog('s', entry, server.url)))
  assert.deepEqual(appended, [true, true, true, ...Array(17).fill(false)])
  assert.deepEqual(
    log,
    entries.slice(0, 3).map(({ uuid }) => uuid),
  )
})

test('without maxPendingBytes everything fits, and null restores that', async (t) => {
  useHost(t, { limits: { maxPendingBytes: 1 } })
  const server = await serve(t, () => ({ status: 201 }))
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  addon.configure({ limits: { maxConcurrentRequests: 7 } })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false, 'what is not named stays')
  addon.configure({ limits: { maxPendingBytes: null } })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  addon.configure({ limits: { maxPendingBytes: 1 } })
  addon.configure({ limits: null })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
})

/** @type {[string, (url: string) => Promise<any>, string][]} */
const READERS = [
  ['getSessionLogs', (url) => getSessionLogs('s', url), 'session_get_fail_invalid_response'],
  ['getSessionLogsViaOAuth', () => getSessionLogsViaOAuth('s', 't', 'o'), 'session_get_fail_invalid_response'],
  ['getTeleportEvents', () => getTeleportEvents('s', 't', 'o'), 'teleport_events_invalid_shape'],
]

/** @param {number} bytes */
const answerOf = (bytes) => {
  const [before, after] = ['{"loglines":["', '"],"data":[]}']
  return before + 'x'.repeat(bytes - before.length - after.length) + after
}

for (const [name, read, event] of READERS) {
  test(`${name} takes a response of as many bytes as the limit, and no more`, async (t) => {
    const host = useHost(t, { limits: { maxResponseBytes: 10_000 } })
    const server = await serve(t, (_request, _response, index) => ({ body: answerOf(10_000 + index) }))
    addon.configure({ getOauthConfig: () => ({ BASE_API_URL: server.url }) })
    assert.ok(Array.isArray(await read(server.url)))
    assert.deepEqual(host.diagnostics, [])
    assert.equal(await read(server.url), null)
    assert.deepEqual(host.diagnostics, [['error', event]])
    assert.equal(host.errors.length, 1)
    assert.match(host.errors[0].message, /more than 10000 bytes \(limits\.maxResponseBytes\)/)
  })

  test(`${name} ends at an endless response, and closes the connection`, async (t) => {
    const host = useHost(t, { limits: { maxResponseBytes: 100_000 } })
    const { open: close, opened: closed } = createGate()
    const server = await serve(t, async (_request, response) => {
      response.once('close', close)
      response.write('{"loglines":[{}')
      const more = ',{}'.repeat(10_000)
      const write = () => {
        while (!response.destroyed && response.write(more));
        if (!response.destroyed) response.once('drain', write)
      }
      write()
    })
    addon.configure({ getOauthConfig: () => ({ BASE_API_URL: server.url }) })
    assert.equal(await read(server.url), null)
    await closed
    assert.deepEqual([host.events, host.errors.length], [[event], 1])
  })
}

/** Zeros by the gigabyte. @type {[string, string, () => Promise<Buffer>][]} */
const BOMBS = [
  ['gzip', 'gzip', () => compressed(createGzip({ level: 9 }), 1 << 30)],
  ['deflate', 'deflate', async () => deflateRawSync(Buffer.alloc(1 << 28))],
  ['brotli', 'br', async () => brotli(1 << 28)],
]

/** @param {number} bytes */
function brotli(bytes) {
  return brotliCompressSync(Buffer.alloc(bytes), { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } })
}

/** @param {import('node:zlib').Gzip} gzip @param {number} bytes */
async function compressed(gzip, bytes) {
  const zeros = Buffer.alloc(1 << 20, ' ')
  const { Readable } = await import('node:stream')
  const { buffer } = await import('node:stream/consumers')
  const source = Readable.from(
    (function* () {
      yield Buffer.from('{"loglines":["')
      for (let n = 0; n < bytes >> 20; n++) yield zeros
    })(),
  )
  return buffer(source.pipe(gzip))
}

for (const [name, encoding, create] of BOMBS) {
  test(`a bomb in ${name} is a wrong shape, and takes no more memory than the limit allows`, async (t) => {
    const body = await create()
    const server = await serve(t, () => ({ headers: { 'content-encoding': encoding }, body }))
    const { stdout, code } = await runProgram('bomb', { url: server.url })
    const { log, told, small } = JSON.parse(stdout)
    assert.deepEqual([log, small, code], [null, true, 0])
    assert.match(told[0], /limits\.maxResponseBytes/)
    assert.deepEqual(told.slice(1), [['error', 'session_get_fail_invalid_response']])
  })
}

test('maxResponseBytes counts what is sent too: a compressed body need not bring anything', async (t) => {
  const host = useHost(t, { limits: { maxResponseBytes: 50_000 } })
  // Members without content, one after another.
  const members = Buffer.concat(Array(5000).fill(gzipSync('')))
  const server = await serve(t, () => ({ headers: { 'content-encoding': 'gzip' }, body: members }))
  assert.equal(await getSessionLogs('s', server.url), null)
  assert.deepEqual(host.events, ['session_get_fail_invalid_response'])
  assert.match(host.errors[0].message, /maxResponseBytes/)
})

test('each page of teleport events may have maxResponseBytes', async (t) => {
  useHost(t, { limits: { maxResponseBytes: 200 } })
  const page = (/** @type {number} */ n) => ({
    data: [{ payload: 'x'.repeat(100) }],
    next_cursor: n < 9 ? `${n}` : null,
  })
  const server = await serve(t, (_request, _response, index) => ({ body: page(index) }))
  addon.configure({ getOauthConfig: () => ({ BASE_API_URL: server.url }) })
  assert.equal((await getTeleportEvents('s', 't', 'o'))?.length, 10)
})

test('of a response that is no 200 the status counts, however large it is', async (t) => {
  const host = useHost(t, { limits: { maxResponseBytes: 10 } })
  const server = await serve(t, (_request, _response, index) => ({ status: [404, 500][index], body: 'x'.repeat(1000) }))
  assert.deepEqual(await getSessionLogs('s', server.url), [])
  assert.equal(await getSessionLogs('s', server.url), null)
  assert.deepEqual(host.diagnostics[1], ['error', 'session_get_fail_status', { status: 500 }])
})

test('maxResponseBytes does not bound the read by which an append finds out what is stored', async (t) => {
  useHost(t, { limits: { maxResponseBytes: 10 } })
  const server = await serve(t, (request, _response, index) => {
    if (request.method === 'GET') return { body: { loglines: [{ uuid: 'x'.repeat(1000) }, { uuid: 'head' }] } }
    return { status: index === 0 ? 409 : 201 }
  })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.equal(server.requests[2].headers['last-uuid'], 'head')
})

test('maxResponseBytes binds when a call is made, and null restores the default', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ body: { loglines: [1] } }))
  const reading = getSessionLogs('s', server.url)
  addon.configure({ limits: { maxResponseBytes: 1 } })
  assert.deepEqual(await reading, [1])
  assert.equal(await getSessionLogs('s', server.url), null)
  addon.configure({ limits: { maxResponseBytes: null } })
  assert.deepEqual(await getSessionLogs('s', server.url), [1])
})

test('a response of more than 512 MiB is a wrong shape by default, and null restores that', async (t) => {
  const host = useHost(t, { limits: { maxResponseBytes: 1 } })
  addon.configure({ limits: { maxResponseBytes: null } })
  const server = await serve(t, async (_request, response) => {
    const spaces = Buffer.alloc(1 << 20, ' ')
    response.write('{"loglines":[1]')
    for (let written = 0; written < 512 && !response.destroyed; written++) {
      if (!response.write(spaces)) await Promise.race([once(response, 'drain'), once(response, 'close')])
    }
    response.end('}')
  })
  assert.equal(await getSessionLogs('s', server.url), null)
  assert.match(host.errors[0].message, /more than 536870912 bytes \(limits\.maxResponseBytes\)/)
})
