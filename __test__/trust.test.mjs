// Which servers are trusted: specification.md, section 8.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { createAuthority, createSelfSigned } from '../tools/shared/certificates.mjs'
import { addon, createEntry, useHost, useVariables } from './support/addon.mjs'
import { runProgram, startWorker } from './support/child.mjs'
import { createFolder } from './support/package.mjs'
import { serve } from './support/server.mjs'

const { appendSessionLog, configure } = addon
const authority = createAuthority()
const localhost = authority.issue()
const ONE_ATTEMPT = { retry: { maxAttempts: 1 } }

/**
 * A server that stores everything.
 *
 * @param {import('node:test').TestContext} t
 * @param {import('../tools/shared/certificates.mjs').Certified} certified
 * @param {import('node:https').ServerOptions} [tls]
 */
function serveTls(t, certified, tls = {}) {
  return serve(t, () => ({ status: 201 }), { cert: certified.cert, key: certified.pem, ...tls })
}

/** A file for the time of a test. @param {import('node:test').TestContext} t @param {string} content */
function createFile(t, content) {
  const path = join(createFolder(t), 'test.pem')
  writeFileSync(path, content)
  return path
}

test('a server of an authority in the file of NODE_EXTRA_CA_CERTS is trusted', async (t) => {
  const server = await serveTls(t, authority.issue())
  const host = useHost(t, ONE_ATTEMPT)
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  useVariables(t, { NODE_EXTRA_CA_CERTS: createFile(t, createSelfSigned().cert + authority.cert) })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.equal(host.errors.length, 1)
})

test('a server of an authority that is configured is trusted, from one text or several', async (t) => {
  const server = await serveTls(t, authority.issue())
  useHost(t, ONE_ATTEMPT)
  const other = createAuthority('another').cert
  for (const [ca, trusted] of /** @type {[string | string[], boolean][]} */ ([
    [authority.cert, true],
    [other, false],
    [other + authority.cert, true],
    [[other, authority.cert], true],
    [[other], false],
  ])) {
    configure({ tls: { ca } })
    assert.equal(await appendSessionLog('s', createEntry(), server.url), trusted)
  }
  configure({ tls: null })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
})

test('authorities that are configured stand in for NODE_EXTRA_CA_CERTS', async (t) => {
  const server = await serveTls(t, authority.issue())
  useHost(t, ONE_ATTEMPT)
  useVariables(t, { NODE_EXTRA_CA_CERTS: createFile(t, authority.cert) })
  configure({ tls: { ca: createAuthority('another').cert } })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  configure({ tls: { ca: null } })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
})

test('TLS 1.2 and 1.3 are spoken', async (t) => {
  useHost(t, { ...ONE_ATTEMPT, tls: { ca: authority.cert } })
  for (const version of /** @type {const} */ (['TLSv1.2', 'TLSv1.3'])) {
    const server = await serveTls(t, authority.issue(), { minVersion: version, maxVersion: version })
    assert.equal(await appendSessionLog('s', createEntry(), server.url), true, version)
  }
})

const HOUR = 60 * 60 * 1000
const past = (/** @type {number} */ hours) => new Date(Date.now() - hours * HOUR)

for (const [what, certified, message] of /** @type {const} */ ([
  ['an authority that is unknown', createAuthority('another').issue(), /its authority is unknown/],
  ['a time that is over', authority.issue({ from: past(2), to: past(1) }), /it has expired/],
  ['a time to come', authority.issue({ from: past(-1), to: past(-2) }), /it is not valid yet/],
  [
    'another host',
    authority.issue({ names: ['other.test'] }),
    /it is not for the host 127\.0\.0\.1, but for other\.test$/,
  ],
  ['clients', authority.issue({ isClient: true }), /it is not for servers/],
  ['itself alone', createSelfSigned(), /its authority is unknown/],
  ['itself as an authority', createSelfSigned({ isAuthority: true }), /its own authority's \(self-signed\)/],
])) {
  test(`a server certificate of ${what} is refused by name, and leaves no entry in doubt`, async (t) => {
    const host = useHost(t, { ...ONE_ATTEMPT, tls: { ca: authority.cert } })
    const server = await serveTls(t, certified)
    const entry = createEntry()
    assert.equal(await appendSessionLog('s', entry, server.url), false)
    assert.match(host.errors[0].message, /no connection: the certificate of the server is refused: /)
    assert.match(host.errors[0].message, message)
    assert.equal(server.requests.length, 0)

    // Nothing can be stored: made again, the append begins with the PUT.
    const other = await serve(t, () => ({ status: 201 }))
    assert.equal(await appendSessionLog('s', entry, other.url), true)
    assert.equal(other.requests[0].method, 'PUT')
  })
}

test('a server that shows a trusted authority itself is trusted, for its host and time alone', async (t) => {
  useHost(t, ONE_ATTEMPT)
  for (const [wanted, trusted] of /** @type {[object, boolean][]} */ ([
    [{}, true],
    [{ names: ['other.test'] }, false],
    [{ from: past(2), to: past(1) }, false],
  ])) {
    for (const isAuthority of [true, false]) {
      const certified = createSelfSigned({ isAuthority, ...wanted })
      const server = await serveTls(t, certified)
      configure({ tls: { ca: certified.cert } })
      assert.equal(await appendSessionLog('s', createEntry(), server.url), trusted)
    }
  }
})

test('NODE_TLS_REJECT_UNAUTHORIZED=0 trusts anyone, and says so; nothing else does', async (t) => {
  const server = await serveTls(t, createSelfSigned({ names: ['other.test'] }))
  const host = useHost(t, ONE_ATTEMPT)
  useVariables(t, { NODE_TLS_REJECT_UNAUTHORIZED: '1' })
  for (const value of ['1', '', 'false', '0']) {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = value
    configure({ proxy: undefined })
    assert.equal(await appendSessionLog('s', createEntry(), server.url), value === '0', value)
    const told = host.debugLines.some((line) => /NODE_TLS_REJECT_UNAUTHORIZED is 0: .* not checked/.test(line))
    assert.equal(told, value === '0', value)
  }
})

test('a file of NODE_EXTRA_CA_CERTS that is missing, empty or broken is survived, and named before the promise settles', async (t) => {
  const plain = await serve(t, () => ({ status: 201 }))
  const server = await serveTls(t, authority.issue())
  const file = createFile(t, '')
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
  for (const [content, why, trusts] of /** @type {const} */ ([
    [undefined, /^NODE_EXTRA_CA_CERTS \(.*missing\.pem\) cannot be read: /, false],
    ['', /^NODE_EXTRA_CA_CERTS \(.*test\.pem\) holds no certificate in PEM form$/, false],
    ['nothing', /^NODE_EXTRA_CA_CERTS \(.*test\.pem\) holds no certificate in PEM form$/, false],
    [broken + authority.cert, /^NODE_EXTRA_CA_CERTS \(.*test\.pem\): 1 of 2 certificates cannot be used$/, true],
  ])) {
    if (content !== undefined) writeFileSync(file, content)
    const host = useHost(t, ONE_ATTEMPT)
    useVariables(t, { NODE_EXTRA_CA_CERTS: content === undefined ? `${file}.missing.pem` : file })
    assert.equal(await appendSessionLog('s', createEntry(), plain.url), true)
    const line = host.debugLines.findIndex((line) => why.test(line))
    const appended = host.debugLines.findIndex((line) => line.startsWith('Appended'))
    assert.ok(line >= 0 && line < appended, host.debugLines.join('\n'))
    // Once, and not for each request.
    assert.equal(await appendSessionLog('s', createEntry(), server.url), trusts)
    assert.equal(host.debugLines.filter((line) => why.test(line)).length, 1)
  }
})

test('a certificate store of the operating system that is missing or empty is survived, and named', async (t) => {
  const [plain, server] = [await serve(t, () => ({ status: 201 })), await serveTls(t, authority.issue())]
  const folder = createFolder(t)
  const values = { plain: plain.url, server: server.url, ca: authority.cert }
  for (const [variables, line] of /** @type {[Record<string, string>, RegExp][]} */ ([
    [{ SSL_CERT_FILE: join(folder, 'missing.pem') }, /^The operating system's certificates: .*missing\.pem/],
    [{ SSL_CERT_DIR: folder }, /^The operating system has no certificates$/],
  ])) {
    const { SSL_CERT_FILE: _file, SSL_CERT_DIR: _dir, ...env } = process.env
    const { stdout } = await runProgram('system-store', values, { env: { ...env, ...variables } })
    const [first, second, ...lines] = JSON.parse(stdout)
    assert.deepEqual([first, second], [true, true])
    assert.ok(
      lines.some((/** @type {string} */ told) => line.test(told)),
      stdout,
    )
  }
})

test("the operating system's store is read for the first https request, and for none to http", async (t) => {
  const [plain, server] = [await serve(t, () => ({ status: 201 })), await serveTls(t, localhost)]
  const host = useHost(t, ONE_ATTEMPT)
  useVariables(t, { SSL_CERT_FILE: join(createFolder(t), 'missing.pem') })
  configure({ tls: { ca: authority.cert } })
  const told = () => host.debugLines.filter((line) => line.startsWith("The operating system's certificates: ")).length
  for (const [url, times] of /** @type {const} */ ([
    [plain.url, 0],
    [server.url, 1],
    [plain.url, 1],
    [server.url, 1],
  ])) {
    assert.equal(await appendSessionLog('s', createEntry(), url), true)
    assert.equal(told(), times)
  }
})

test("a redirect from http to https is followed with the operating system's store", async (t) => {
  const tls = { cert: localhost.cert, key: localhost.pem }
  const server = await serve(t, () => ({ body: { loglines: [1] } }), tls)
  const plain = await serve(t, () => ({ status: 307, headers: { location: server.url } }))
  useHost(t, ONE_ATTEMPT)
  useVariables(t, { SSL_CERT_FILE: createFile(t, authority.cert) })
  assert.deepEqual(await addon.getSessionLogs('s', plain.url), [1])
  assert.equal(server.requests.length, 1)
})

test('a server that does not speak TLS, and one that speaks no version of it that is good, are told apart', async (t) => {
  const host = useHost(t, ONE_ATTEMPT)
  const plain = await serve(t, () => ({ status: 201 }))
  assert.equal(await appendSessionLog('s', createEntry(), plain.url.replace('http:', 'https:')), false)
  assert.match(host.errors[0].message, /no connection: the server does not speak TLS on this port/)
  const old = await serveTls(t, authority.issue(), { ciphers: 'AES128-SHA', maxVersion: 'TLSv1.2' })
  assert.equal(await appendSessionLog('s', createEntry(), old.url), false)
  assert.match(host.errors[1].message, /no connection: the server /)
})

test('an entry whose TLS connection breaks when the request is under way is in doubt', async (t) => {
  /** @type {import('node:net').Socket[]} */
  const clients = []
  const server = await serve(
    t,
    ({ method }) => {
      if (method === 'GET') return { body: { loglines: [] } }
      for (const client of clients) client.write('HTTP/1.1 400 No TLS any more\r\n\r\n')
    },
    { cert: localhost.cert, key: localhost.pem },
  )
  const between = createServer((client) => {
    clients.push(client)
    const onward = connect(server.port, '127.0.0.1')
    client.pipe(onward).pipe(client)
    for (const socket of [client, onward]) socket.on('error', () => {})
    t.after(() => client.destroy())
  }).listen(0, '127.0.0.1')
  await once(between, 'listening')
  t.after(() => between.close())
  const { port } = /** @type {import('node:net').AddressInfo} */ (between.address())
  const host = useHost(t, { ...ONE_ATTEMPT, tls: { ca: authority.cert } })
  const entry = createEntry()
  assert.equal(await appendSessionLog('s', entry, `https://127.0.0.1:${port}/`), false)
  assert.match(host.errors[0].message, /the response broke off/)

  // It may be stored: made again, the append begins with a look at the log.
  const other = await serve(t, ({ method }) => (method === 'GET' ? { body: { loglines: [] } } : { status: 201 }))
  await appendSessionLog('s', entry, other.url)
  assert.equal(other.requests[0].method, 'GET')
})

test('environments with equal settings share connections, and each has its warnings', async (t) => {
  const server = await serveTls(t, authority.issue())
  const file = createFile(t, `${authority.cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`)
  const host = useHost(t)
  useVariables(t, { NODE_EXTRA_CA_CERTS: file })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  const worker = startWorker({ url: server.url, what: 'append and tell debug lines' })
  const [[appended, lines]] = await once(worker, 'message')
  assert.equal(appended, true)
  assert.ok(lines.some((/** @type {string} */ line) => line.includes('1 of 2 certificates cannot be used')))
  assert.ok(host.debugLines.some((line) => line.includes('1 of 2 certificates cannot be used')))
  assert.deepEqual(
    server.requests.map(({ connection }) => connection),
    [0, 0],
  )
})

test("a worker's own environment says which certificate store there is", async (t) => {
  const server = await serveTls(t, localhost)
  const given = { url: server.url, what: 'append', configure: { retry: { maxAttempts: 1 } } }
  const file = createFile(t, authority.cert)
  for (const [env, appended] of /** @type {[NodeJS.ProcessEnv, boolean][]} */ ([
    [{ ...process.env, SSL_CERT_FILE: file }, true],
    [process.env, false],
  ])) {
    assert.deepEqual(await once(startWorker(given, env), 'message'), [appended])
  }
})
