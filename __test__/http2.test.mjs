// HTTP/2, where a server offers it in the TLS handshake: SPEC section 8.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { constants } from 'node:http2'
import { createServer } from 'node:https'
import { test } from 'node:test'
import { addon, createEntry, QUICK, useHost } from './support/addon.mjs'
import { certificate, serveHttp2, trustServers } from './support/http2.mjs'

const { appendSessionLog, getSessionLogs, sessionStats } = addon
const { NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_HTTP_1_1_REQUIRED } = constants

trustServers()

const stored = () => ({ status: 201 })

test('many sessions share one connection', async (t) => {
  const host = useHost(t)
  const server = await serveHttp2(t, stored)
  assert.equal(await appendSessionLog('first', createEntry(), server.url), true)
  const sessions = Array.from({ length: 200 }, (_, n) => `s${n}`)
  const appended = await Promise.all(sessions.map((id) => appendSessionLog(id, createEntry(), server.url)))
  assert.deepEqual(new Set(appended), new Set([true]))
  assert.deepEqual(new Set(server.requests.map(({ connection }) => connection)), new Set([0]))
  assert.deepEqual(host.diagnostics, [])
})

test('many sessions that begin at once settle on one connection', async (t) => {
  useHost(t)
  const server = await serveHttp2(t, stored)
  const append = (/** @type {number} */ n) => appendSessionLog(`s${n}`, createEntry(), server.url)
  assert.ok((await Promise.all(Array.from({ length: 100 }, (_, n) => append(n)))).every(Boolean))
  const before = server.requests.length
  assert.ok((await Promise.all(Array.from({ length: 100 }, (_, n) => append(n)))).every(Boolean))
  assert.equal(new Set(server.requests.slice(before).map(({ connection }) => connection)).size, 1)
})

test('entries and logs of any size go over it', async (t) => {
  useHost(t)
  const entry = createEntry({ text: 'x'.repeat(5_000_000) })
  const server = await serveHttp2(t, ({ method, body }) =>
    method === 'PUT' ? { status: body === JSON.stringify(entry) ? 201 : 400 } : { body: { loglines: [entry] } },
  )
  assert.equal(await appendSessionLog('s', entry, server.url), true)
  assert.deepEqual(await getSessionLogs('s', server.url), [entry])
})

test('a far server may send 16 MiB of one answer, and 64 MiB of all, before it must wait', async (t) => {
  useHost(t)
  const server = await serveHttp2(t, ({ session }) => {
    assert.equal(session.remoteSettings.initialWindowSize, 16 * 1024 * 1024)
    return { body: { loglines: [session.state.remoteWindowSize] } }
  })
  const [window] = (await getSessionLogs('s', server.url)) ?? []
  assert.equal(window, 64 * 1024 * 1024)
})

test('a server without HTTP/2 is spoken to as ever', async (t) => {
  useHost(t)
  const versions = /** @type {string[]} */ ([])
  const old = createServer(certificate, (request, response) => {
    versions.push(request.httpVersion)
    request.resume().on('end', () => response.writeHead(201).end())
  }).listen(0, '127.0.0.1')
  await once(old, 'listening')
  t.after(() => {
    old.closeAllConnections()
    old.close()
  })
  const { port } = /** @type {import('node:net').AddressInfo} */ (old.address())
  assert.equal(await appendSessionLog('s', createEntry(), `https://127.0.0.1:${port}`), true)
  assert.deepEqual(versions, ['1.1'])
})

test('what a server refuses to begin with is sent again, and no attempt is lost', async (t) => {
  const host = useHost(t)
  const server = await serveHttp2(
    t,
    ({ method }) => (method === 'PUT' ? { status: 201 } : { body: { loglines: [1] } }),
    {
      early: (stream, index) => {
        if (index % 6 === 5) return false
        stream.close(NGHTTP2_REFUSED_STREAM)
        return true
      },
    },
  )
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.deepEqual(await getSessionLogs('s', server.url), [1])
  assert.equal(server.requests.length, 2)
  assert.deepEqual([host.diagnostics, host.errors, sessionStats('s').retries], [[], [], 0])
})

test('what is refused 6 times is a failed attempt, after which nothing is in doubt', async (t) => {
  const host = useHost(t, { retry: { ...QUICK, maxAttempts: 2 } })
  let refused = 0
  const server = await serveHttp2(t, stored, {
    early: (stream, index) => {
      if (index >= 12) return false
      refused += 1
      stream.close(NGHTTP2_REFUSED_STREAM)
      return true
    },
  })
  const entry = createEntry()
  assert.equal(await appendSessionLog('s', entry, server.url), false)
  assert.equal(refused, 12)
  assert.deepEqual(host.diagnostics, [
    ['error', 'session_persist_fail_status', { attempt: 1 }],
    ['error', 'session_persist_fail_status', { attempt: 2 }],
    ['error', 'session_persist_error_retries_exhausted', { attempt: 2 }],
  ])
  // Made again, it begins with the PUT, and not with a look into the log.
  assert.equal(await appendSessionLog('s', entry, server.url), true)
  assert.deepEqual(
    server.requests.map(({ method }) => method),
    ['PUT'],
  )
})

test('a server that goes away costs nothing where it had not begun', async (t) => {
  const host = useHost(t)
  const server = await serveHttp2(
    t,
    ({ method }) => (method === 'PUT' ? { status: 201 } : { body: { loglines: [1] } }),
    {
      early: (stream, index) => {
        // The second request of each connection comes too late.
        if (index % 3 !== 1) return false
        stream.session?.goaway(NGHTTP2_NO_ERROR, /** @type {number} */ (stream.id) - 2)
        return true
      },
    },
  )
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.deepEqual(
    server.requests.map(({ connection }) => connection),
    [0, 1],
  )
  assert.deepEqual([host.diagnostics, sessionStats('s').retries], [[], 0])
})

test('a server that goes away answers what it had begun', async (t) => {
  const host = useHost(t)
  const server = await serveHttp2(t, ({ session, stream }) => {
    session.goaway(NGHTTP2_NO_ERROR, stream.id)
    return { status: 201 }
  })
  for (let n = 0; n < 3; n++) assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.equal(server.requests.length, 3)
  assert.deepEqual(host.diagnostics, [])
})

test('an append that a server had begun when it went away is a failed attempt, and in doubt', async (t) => {
  const host = useHost(t, { retry: { ...QUICK, maxAttempts: 1 } })
  const server = await serveHttp2(t, ({ method, session, stream }, index) => {
    if (index > 0) return method === 'PUT' ? { status: 201 } : { body: { loglines: [] } }
    session.goaway(NGHTTP2_NO_ERROR, stream.id)
    session.destroy()
  })
  const entry = createEntry()
  assert.equal(await appendSessionLog('s', entry, server.url), false)
  assert.deepEqual(host.diagnostics[0], ['error', 'session_persist_fail_status', { attempt: 1 }])
  assert.equal(server.requests.length, 1)
  assert.equal(await appendSessionLog('s', entry, server.url), true)
  assert.deepEqual(
    server.requests.map(({ method }) => method),
    ['PUT', 'GET', 'PUT'],
  )
})

test('a server that goes away in anger is not asked again at once', async (t) => {
  const host = useHost(t, { retry: { ...QUICK, maxAttempts: 1 } })
  const server = await serveHttp2(t, stored, {
    early: (stream, index) => {
      if (index === 0) return false
      stream.session?.goaway(NGHTTP2_ENHANCE_YOUR_CALM, /** @type {number} */ (stream.id) - 2)
      return true
    },
  })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  assert.equal(server.sessions.length, 1)
  assert.match(host.errors[0].message, /did not take the request/)
})

test('a read is repeated once where a connection broke that had been idle', async (t) => {
  const host = useHost(t)
  const server = await serveHttp2(t, ({ session }, index) => {
    if (index === 1) session.destroy()
    else return { body: { loglines: [index] } }
  })
  assert.deepEqual(await getSessionLogs('s', server.url), [0])
  assert.deepEqual(await getSessionLogs('s', server.url), [2])
  assert.deepEqual(host.diagnostics, [])
})

test('a server that wants HTTP/1.1 gets it, and no attempt is lost', async (t) => {
  // Of other settings than those above, whose client goes on by HTTP/2.
  const host = useHost(t, { timeouts: { connectMs: 9000 } })
  const versions = /** @type {string[]} */ ([])
  const server = await serveHttp2(t, stored, {
    early: (stream) => {
      versions.push('2.0')
      stream.close(NGHTTP2_HTTP_1_1_REQUIRED)
      return true
    },
    onHttp1: (request, response) => {
      versions.push(request.httpVersion)
      request.resume().on('end', () => response.writeHead(201).end())
    },
  })
  for (let n = 0; n < 3; n++) assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.deepEqual(versions, ['2.0', '1.1', '1.1', '1.1'])
  assert.deepEqual([host.diagnostics, sessionStats('s').retries], [[], 0])
})
