// Redirects: specification.md, section 8.

import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { createAuthority } from '../tools/shared/certificates.mjs'
import { addon, createEntry, QUICK, useHost } from './support/addon.mjs'
import { serve, serveInOrder } from './support/server.mjs'

const { appendSessionLog, getSessionLogs, getSessionLogsViaOAuth } = addon

/** @param {string} location @param {number} [status] */
const to = (location, status = 307) => ({ status, headers: { location } })

/**
 * A proxy behind which port 80 of every host gives one response, and port 443 leads to a server of the test. Its URL.
 *
 * @param {import('node:test').TestContext} t
 * @param {import('./support/server.mjs').ScriptedResponse} response
 * @param {number} port
 */
async function serveDefaultPorts(t, response, port) {
  const { server, url } = await serve(t, () => response)
  server.on('connect', (request, socket) => {
    assert.match(String(request.url), /:443$/)
    const upstream = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.pipe(upstream).pipe(socket)
    })
    upstream.on('error', () => socket.destroy())
    socket.on('error', () => upstream.destroy())
    t.after(() => socket.destroy())
  })
  return url
}

test('redirects by 301, 302, 307 and 308 keep method, body and headers', async (t) => {
  useHost(t)
  for (const status of [301, 302, 307, 308]) {
    const server = await serveInOrder(t, to('elsewhere?x=1', status), { status: 201 })
    const entry = createEntry({ text: 'x'.repeat(5_000_000) })
    assert.equal(await appendSessionLog('s', entry, `${server.url}/a/log`), true)
    const { method, url, headers, body } = server.requests[1]
    assert.deepEqual([method, url, body.length], ['PUT', '/a/elsewhere?x=1', JSON.stringify(entry).length])
    assert.equal(headers.authorization, 'Bearer token')
    assert.equal(headers['content-type'], 'application/json')
    assert.equal(headers.referer, undefined)
  }
})

test('a redirect by 303 is followed by a GET for a read, and is a failure for an append', async (t) => {
  const host = useHost(t, { retry: { maxAttempts: 1 } })
  const server = await serveInOrder(t, to('/b', 303), { body: { loglines: [1] } }, to('/b', 303))
  assert.deepEqual(await getSessionLogs('s', server.url), [1])
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  assert.deepEqual(host.diagnostics[0], ['error', 'session_persist_fail_status', { status: 303, attempt: 1 }])
})

test('an append is not sent to another origin, whose name the error has', async (t) => {
  const host = useHost(t, { retry: { ...QUICK, maxAttempts: 2 } })
  // Of a captive portal, which takes anything.
  const portal = await serve(t, () => ({ status: 200 }))
  const server = await serve(t, () => to(`${portal.url}/login?secret`))
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  assert.deepEqual([server.requests.length, portal.requests.length], [2, 0])
  for (const { message } of host.errors) {
    assert.equal(message, `Error appending a session entry: the server redirects to another origin, ${portal.url}`)
  }
  assert.deepEqual(host.diagnostics, [
    ['error', 'session_persist_fail_status', { attempt: 1 }],
    ['error', 'session_persist_fail_status', { attempt: 2 }],
    ['error', 'session_persist_error_retries_exhausted', { attempt: 2 }],
  ])
})

test('an append is not sent from https to http', async (t) => {
  const authority = createAuthority()
  const { cert, pem } = authority.issue()
  const host = useHost(t, { tls: { ca: authority.cert }, retry: { maxAttempts: 1 } })
  const plain = await serve(t, () => ({ status: 201 }))
  const safe = await serve(t, () => to(`${plain.url}/log`), { cert, key: pem })
  assert.equal(await appendSessionLog('s', createEntry(), safe.url), false)
  assert.match(host.errors[0].message, new RegExp(`another origin, ${plain.url}$`))
  assert.deepEqual([safe.requests.length, plain.requests.length], [1, 0])
})

test("a read that is redirected to another origin leaves the host's headers behind, but for two", async (t) => {
  useHost(t, {
    getOAuthHeaders: () => ({
      Authorization: 'Bearer o',
      Cookie: 'c',
      'X-API-Key': 'k',
      Accept: 'application/json',
      'User-Agent': 'cli',
    }),
  })
  const other = await serve(t, () => ({ body: { loglines: [1] } }))
  const first = await serve(t, () => to(`${other.url}/log`, 302))
  addon.configure({ getOauthConfig: () => ({ BASE_API_URL: first.url }) })
  assert.deepEqual(await getSessionLogsViaOAuth('s', 'o', 'org'), [1])
  assert.deepEqual(await getSessionLogs('s', first.url), [1])
  assert.equal(first.requests[0].headers['x-api-key'], 'k')
  assert.equal(first.requests[1].headers.authorization, 'Bearer token')
  const { host, ...headers } = other.requests[0].headers
  assert.deepEqual(headers, { accept: 'application/json', 'user-agent': 'cli', 'accept-encoding': 'gzip, deflate, br' })
  assert.equal(other.requests[1].headers.authorization, undefined)
})

test('a redirect from http to https at the default ports takes the entry and the token along', async (t) => {
  useHost(t)
  const authority = createAuthority()
  const { cert, pem } = authority.issue({ names: ['a.test'] })
  const safe = await serve(t, ({ method }) => (method === 'PUT' ? { status: 201 } : { body: { loglines: [] } }), {
    cert,
    key: pem,
  })
  const proxy = await serveDefaultPorts(t, to('https://a.test/log'), safe.port)
  addon.configure({ tls: { ca: authority.cert }, proxy })
  const entry = createEntry()
  assert.equal(await appendSessionLog('s', entry, 'http://a.test/log'), true)
  assert.deepEqual(await getSessionLogs('s', 'http://a.test/log'), [])
  assert.deepEqual(safe.requests[0].json(), entry)
  assert.deepEqual(
    safe.requests.map(({ headers }) => headers.authorization),
    ['Bearer token', 'Bearer token'],
  )
})

test('a redirect to itself ends in a failed request', async (t) => {
  const host = useHost(t, { retry: { ...QUICK, maxAttempts: 1 } })
  const server = await serve(t, () => to('.'))
  assert.equal(await appendSessionLog('s', createEntry(), `${server.url}/log/`), false)
  assert.equal(server.requests.length, 22)
  assert.match(host.errors[0].message, /redirected more than 21 times/)
})

test('21 redirects are followed, and no more', async (t) => {
  const host = useHost(t, { retry: { ...QUICK, maxAttempts: 1 } })
  const server = await serve(t, (request) => {
    const left = Number(request.url.slice(1))
    if (left === 0) return request.method === 'PUT' ? { status: 201 } : { body: { loglines: [] } }
    return to(`/${left - 1}`)
  })
  assert.equal(await appendSessionLog('s', createEntry(), `${server.url}/21`), true)
  assert.deepEqual(await getSessionLogs('s', `${server.url}/21`), [])
  assert.equal(server.requests.length, 44)
  assert.equal(await appendSessionLog('s', createEntry(), `${server.url}/22`), false)
  assert.equal(await getSessionLogs('s', `${server.url}/22`), null)
  assert.equal(server.requests.length, 88)
  assert.deepEqual(host.diagnostics, [
    ['error', 'session_persist_fail_status', { attempt: 1 }],
    ['error', 'session_persist_error_retries_exhausted', { attempt: 1 }],
    ['error', 'session_get_fail_status', {}],
  ])
})

test('a redirect to another scheme counts as no response', async (t) => {
  const host = useHost(t)
  const server = await serve(t, () => to('ftp://127.0.0.1/'))
  assert.equal(await getSessionLogs('s', server.url), null)
  assert.deepEqual(host.diagnostics, [['error', 'session_get_fail_status', {}]])
  assert.equal(host.errors.length, 1)
})

test('a redirect to a URL that is too long to be sent is a failed attempt', async (t) => {
  const host = useHost(t)
  const server = await serveInOrder(t, to(`/${'a'.repeat(70_000)}`), { status: 201 })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.match(host.errors[0].message, /redirects to a URL of more than 65534 bytes/)
  assert.deepEqual(host.diagnostics, [['error', 'session_persist_fail_status', { attempt: 1 }]])
})

test('bytes beyond ASCII in a location come back to the server as it sent them', async (t) => {
  useHost(t)
  for (const [location, path] of [
    ['/caf\xe9', '/caf%E9'],
    ['/caf\xc3\xa9', '/caf%C3%A9'],
  ]) {
    const server = await serveInOrder(t, to(location), { status: 201 })
    assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
    assert.equal(server.requests[1].url, path)
  }
})

test('a redirect without a location is a response like any other', async (t) => {
  const host = useHost(t)
  const server = await serveInOrder(t, { status: 302 }, to('', 302))
  assert.equal(await getSessionLogs('s', server.url), null)
  assert.equal(await getSessionLogs('s', server.url), null)
  assert.deepEqual(host.diagnostics, Array(2).fill(['error', 'session_get_fail_status', { status: 302 }]))
})
