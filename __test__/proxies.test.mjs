// Requests through proxies: specification.md, section 8. What NO_PROXY names: no-proxy.test.mjs, core/src/http/proxy/no_proxy.rs.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAuthority } from '../tools/shared/certificates.mjs'
import { addon, createEntry, QUICK, useHost, useVariables } from './support/addon.mjs'
import { createProxy } from './support/proxy.mjs'
import { serve } from './support/server.mjs'

const { appendSessionLog, configure, getSessionLogs } = addon
const authority = createAuthority()
const { cert, pem: key } = authority.issue()
const TLS = { cert, key }

/** No proxy, whatever the machine has. */
const NONE = {
  http_proxy: undefined,
  HTTP_PROXY: undefined,
  https_proxy: undefined,
  HTTPS_PROXY: undefined,
  all_proxy: undefined,
  ALL_PROXY: undefined,
  no_proxy: undefined,
  NO_PROXY: undefined,
}

/** Whether two names are of one variable, as on Windows where they differ by case alone. */
const isOne = (/** @type {string} */ one, /** @type {string} */ other) =>
  process.platform === 'win32' && one.toLowerCase() === other.toLowerCase()

const stored = () => ({ status: 201 })

/**
 * A host that trusts the authority and has these variables, those of proxies alone.
 *
 * @param {import('node:test').TestContext} t
 * @param {Record<string, string>} [variables]
 * @param {import('../index.js').ConfigureOptions} [options]
 */
function useProxies(t, variables = {}, options = {}) {
  const host = useHost(t, { retry: { maxAttempts: 1 }, ...options })
  useVariables(t, { ...NONE, ...variables })
  configure({ tls: { ca: authority.cert } })
  return host
}

test('an https request goes through a tunnel of its proxy, which is kept and reused', async (t) => {
  const [server, proxy] = [await serve(t, stored, TLS), await createProxy(t)]
  useProxies(t, { https_proxy: proxy.url })
  for (let n = 0; n < 3; n++) assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.equal(proxy.asked.length, 1)
  const [{ method, url, agent }] = proxy.asked
  assert.deepEqual([method, url], ['CONNECT', `127.0.0.1:${server.port}`])
  assert.match(agent ?? '', /^session-ingress\//)
  assert.deepEqual([...new Set(server.requests.map(({ connection }) => connection))], [0])
  assert.equal(server.requests[0].headers['proxy-authorization'], undefined)
})

test('an http request goes to its proxy in absolute form', async (t) => {
  const [server, proxy] = [await serve(t, stored), await createProxy(t)]
  useProxies(t, { http_proxy: proxy.url })
  assert.equal(await appendSessionLog('s', createEntry(), `${server.url}/log?a=b`), true)
  assert.deepEqual(
    proxy.asked.map(({ method, url }) => [method, url]),
    [['PUT', `${server.url}/log?a=b`]],
  )
  assert.equal(server.requests[0].headers.host, `127.0.0.1:${server.port}`)
})

test('an https proxy is reached by TLS, with the same trust', async (t) => {
  const proxy = await createProxy(t, { tls: TLS })
  const [plain, server] = [await serve(t, stored), await serve(t, stored, TLS)]
  const host = useProxies(t, { all_proxy: proxy.url })
  assert.equal(await appendSessionLog('s', createEntry(), plain.url), true)
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.deepEqual(
    proxy.asked.map(({ method }) => method),
    ['PUT', 'CONNECT'],
  )
  configure({ tls: null })
  for (const { url } of [plain, server]) assert.equal(await appendSessionLog('s', createEntry(), url), false)
  assert.equal(host.errors.length, 2)
  for (const { message } of host.errors) {
    assert.match(message, /no connection: the certificate of the proxy 127\.0\.0\.1:\d+ \(all_proxy\) is refused: /)
  }
})

test('the credentials of a proxy are percent-decoded, and shown to the proxy alone', async (t) => {
  const authorization = `Basic ${Buffer.from('us@er:p:ss/%').toString('base64')}`
  const proxy = await createProxy(t, { authorization })
  const [plain, server] = [await serve(t, stored), await serve(t, stored, TLS)]
  useProxies(t, { all_proxy: `http://us%40er:p%3Ass%2F%25@${proxy.host}` })
  for (const { url } of [plain, server]) assert.equal(await appendSessionLog('s', createEntry(), url), true)
  for (const { requests } of [plain, server]) {
    assert.equal(requests[0].headers['proxy-authorization'], undefined)
    assert.equal(requests[0].headers.authorization, 'Bearer token')
  }
})

test('the variables that name a proxy are looked at in their order', async (t) => {
  const [plain, server] = [await serve(t, stored), await serve(t, stored, TLS)]
  const [one, other] = [await createProxy(t), await createProxy(t)]
  const refused = 'http://127.0.0.1:9'
  for (const [first, second] of [
    ['https_proxy', 'HTTPS_PROXY'],
    ['HTTPS_PROXY', 'all_proxy'],
    ['all_proxy', 'ALL_PROXY'],
  ]) {
    if (isOne(first, second)) continue
    one.asked.length = 0
    useProxies(t, { [first]: one.url, [second]: other.url, http_proxy: refused })
    assert.equal(await appendSessionLog('s', createEntry(), server.url), true, first)
    assert.equal(one.asked.length, 1, first)
  }
  for (const [first, second] of [
    ['http_proxy', 'HTTP_PROXY'],
    ['HTTP_PROXY', 'all_proxy'],
  ]) {
    if (isOne(first, second)) continue
    one.asked.length = 0
    useProxies(t, { [first]: one.url, [second]: other.url, https_proxy: refused })
    assert.equal(await appendSessionLog('s', createEntry(), plain.url), true, first)
    assert.equal(one.asked.length, 1, first)
  }
  assert.equal(other.asked.length, 0)
})

test('a proxy URL without scheme is http', async (t) => {
  const [server, proxy] = [await serve(t, stored, TLS), await createProxy(t)]
  useProxies(t, { HTTPS_PROXY: proxy.host })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.equal(proxy.asked.length, 1)
})

test('a host that NO_PROXY names is reached without a proxy', async (t) => {
  const [server, proxy] = [await serve(t, stored), await createProxy(t)]
  for (const [list, direct] of /** @type {const} */ ([
    ['other.test', false],
    ['.0.0.1', false],
    ['127.0.0.1', true],
    ['other.test 127.0.0.0/8', true],
    [`127.0.0.1:${server.port}`, true],
    ['127.0.0.1:1', false],
    ['*', true],
  ])) {
    proxy.asked.length = 0
    useProxies(t, { http_proxy: proxy.url, NO_PROXY: list })
    assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
    assert.equal(proxy.asked.length === 0, direct, list)
  }
})

test('whether a redirect goes through a proxy is decided anew', async (t) => {
  const server = await serve(t, () => ({ body: { loglines: [1] } }), TLS)
  const proxy = await createProxy(t)
  const first = await serve(t, () => ({ status: 307, headers: { location: server.url } }))
  useProxies(t, { https_proxy: proxy.url })
  assert.deepEqual(await getSessionLogs('s', first.url), [1])
  assert.equal(proxy.asked.length, 1)
})

for (const [name, url] of [
  ['https_proxy', 'socks5://user:secret-password@127.0.0.1:1080'],
  ['ALL_PROXY', 'ftp://user:secret-password@127.0.0.1'],
  ['HTTPS_PROXY', 'http://user:secret-password@'],
  ['all_proxy', 'http://user:secret-password@[::1'],
]) {
  test(`${name} that is no proxy (${url.split(':')[0]}) fails requests at once by its name alone`, async (t) => {
    const server = await serve(t, stored, TLS)
    const host = useProxies(t, { [name]: url }, { retry: QUICK })
    assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
    assert.equal(await getSessionLogs('s', server.url), null)
    assert.equal(host.errors.length, 2)
    for (const { message } of host.errors) {
      // Where both spellings are one variable, it is found by the first that is looked for.
      const flags = isOne('a', 'A') ? 'i' : ''
      assert.match(message, new RegExp(`the request cannot be sent: ${name} is `, flags))
      assert.doesNotMatch(message, /secret|127\.0\.0\.1|user/)
    }
    assert.equal(server.requests.length, 0)
    // What needs no proxy is not concerned.
    useVariables(t, { NO_PROXY: '127.0.0.1' })
    configure({ tls: { ca: authority.cert } })
    assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  })
}

/** What is said when no tunnel comes to stand, with nothing in doubt. */
const refusals = /** @type {[string, string | undefined, RegExp][]} */ ([
  [
    '407',
    'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n',
    /refused the tunnel: 407 .* Required \(its user name or password is wrong\)/,
  ],
  ['502', 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 2\r\n\r\nno', /refused the tunnel$/],
  ['403', 'HTTP/1.0 403 Not by our rules\r\n\r\n', /refused the tunnel$/],
  ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n', /refused the tunnel$/],
  [
    'a head of more than 8 KiB',
    `HTTP/1.1 200 Connection established\r\nA: ${'b'.repeat(9000)}\r\n\r\n`,
    /opened no tunnel: the head of its response has more than 8 KiB, which is not supported$/,
  ],
  ['nothing and hangs up', '', /opened no tunnel: it closed the connection/],
])

for (const [what, text, message] of refusals) {
  for (const secure of [false, true]) {
    test(`a proxy that responds to CONNECT with ${what} ${secure ? 'by TLS ' : ''}is named`, async (t) => {
      const proxy = await createProxy(t, { tls: secure ? TLS : undefined, respond: () => text })
      const server = await serve(t, stored, TLS)
      const host = useProxies(t, { https_proxy: proxy.url.replace('://', '://user:secret-password@') })
      const entry = createEntry()
      assert.equal(await appendSessionLog('s', entry, server.url), false)
      const said = host.errors[0].message
      assert.match(said, new RegExp(`no connection: the proxy 127\\.0\\.0\\.1:${proxy.port} \\(https_proxy\\) `))
      assert.match(said, message)
      assert.doesNotMatch(said, /secret|user:/)
      assert.equal(new Set(proxy.asked.map(({ authorization }) => authorization)).size, 1)

      // Nothing can be stored: made again, the append begins with the PUT.
      configure({ proxy: null })
      assert.equal(await appendSessionLog('s', entry, server.url), true)
      assert.equal(server.requests[0].method, 'PUT')
    })
  }
}

test('each attempt asks a proxy that refuses the tunnel once', async (t) => {
  const proxy = await createProxy(t, { respond: () => 'HTTP/1.1 503 Service Unavailable\r\n\r\n' })
  const server = await serve(t, stored, TLS)
  const host = useProxies(t, { https_proxy: proxy.url }, { retry: QUICK })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  assert.deepEqual([host.errors.length, proxy.asked.length], [10, 10])
})

test('a proxy that never responds to CONNECT runs into connectMs', async (t) => {
  const proxy = await createProxy(t, { respond: () => undefined })
  const server = await serve(t, stored, TLS)
  const host = useProxies(t, { https_proxy: proxy.url }, { timeouts: { connectMs: 1000 }, retry: { maxAttempts: 1 } })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  assert.match(host.errors[0].message, /no connection within 1000 ms \(timeouts\.connectMs\)/)
  assert.equal(proxy.asked.length, 1)
})

test('where a proxy cannot be reached, the error blames the proxy', async (t) => {
  const proxy = await createProxy(t)
  proxy.proxy.close()
  const host = useProxies(t, { all_proxy: `http://user:secret-password@${proxy.host}` })
  for (const url of ['http://127.0.0.1:9/', 'https://127.0.0.1:9/']) {
    assert.equal(await appendSessionLog('s', createEntry(), url), false)
  }
  for (const { message } of host.errors) {
    assert.match(message, new RegExp(`no connection: the proxy ${proxy.host} \\(all_proxy\\) cannot be reached: `))
    assert.doesNotMatch(message, /secret/)
  }
  assert.equal(host.errors.length, 2)
})

test('where a certificate behind a tunnel is refused, the error blames the server', async (t) => {
  const [server, proxy] = [await serve(t, stored, TLS), await createProxy(t)]
  const host = useProxies(t, { https_proxy: proxy.url })
  configure({ tls: null })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  assert.match(
    host.errors[0].message,
    /no connection: the certificate of the server is refused: its authority is unknown/,
  )
})

test('a 407 of a proxy to an http request is a status like any other', async (t) => {
  const [server, proxy] = [await serve(t, stored), await createProxy(t, { authorization: 'Basic other' })]
  const host = useProxies(t, { http_proxy: proxy.url })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  assert.deepEqual(host.diagnostics[0], ['error', 'session_persist_fail_status', { status: 407, attempt: 1 }])
})
