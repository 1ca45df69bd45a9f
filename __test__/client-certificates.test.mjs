// What the addon shows of itself to servers that ask: specification.md, section 8.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createAuthority, createKey, createRsaKey, createSelfSigned } from '../tools/shared/certificates.mjs'
import { addon, createEntry, useHost, useVariables } from './support/addon.mjs'
import { createFolder } from './support/package.mjs'
import { serve } from './support/server.mjs'

const { appendSessionLog, configure } = addon
const authority = createAuthority()
const certified = authority.issue()
const client = authority.issue({ isClient: true })

/**
 * A server that wants a certificate of the authority, and responds with 403 to who has none.
 *
 * @param {import('node:test').TestContext} t
 */
async function serveMutual(t) {
  const tls = { cert: certified.cert, key: certified.pem, ca: authority.cert, requestCert: true }
  /** @type {boolean[]} */
  const authorized = []
  const server = await serve(
    t,
    (_request, response) => {
      const socket = /** @type {import('node:tls').TLSSocket} */ (response.socket)
      authorized.push(socket.authorized)
      return { status: socket.authorized ? 201 : 403 }
    },
    { ...tls, rejectUnauthorized: false },
  )
  return { ...server, authorized }
}

/** @param {import('node:test').TestContext} t */
function useTrustingHost(t) {
  return useHost(t, { retry: { maxAttempts: 1 }, tls: { ca: authority.cert } })
}

const PERHAPS_REFUSED =
  /broke off: .*\(a client certificate \(CLAUDE_CODE_CLIENT_CERT\) had been asked for, and may be why/

/**
 * Whether a reset overtook what the server said: on Windows, where it looks at the certificate after the handshake.
 *
 * @param {string} message
 * @param {string} version
 */
function wasOvertaken(message, version) {
  return process.platform === 'win32' && version === 'TLSv1.3' && message.includes('broke off')
}

/** Closes a TLS connection by a reset. @param {import('node:http').ServerResponse} response */
function resetOf(response) {
  // The socket beneath that of TLS, which has no reset of its own in older versions of Node.
  const { _parent: socket } = /** @type {any} */ (response.socket)
  socket.resetAndDestroy()
}

/** @param {import('node:crypto').KeyObject} key @param {any} options */
const exported = (key, options) => /** @type {string} */ (key.export({ format: 'pem', ...options }))

test('a client certificate of the environment is shown, whose key has any of the usual forms', async (t) => {
  const server = await serveMutual(t)
  useTrustingHost(t)
  const folder = createFolder(t)
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const variables = { CLAUDE_CODE_CLIENT_CERT: cert, CLAUDE_CODE_CLIENT_KEY: key }
  useVariables(t, { ...variables, CLAUDE_CODE_CLIENT_KEY_PASSPHRASE: 'pass phrase' })
  const [ec, p384, rsa] = [createKey(), createKey('secp384r1'), createRsaKey()]
  const encrypted = { type: 'pkcs8', passphrase: 'pass phrase' }
  for (const [kind, keyObject, options] of /** @type {const} */ ([
    ['PKCS#8', ec, { type: 'pkcs8' }],
    ['SEC1', ec, { type: 'sec1' }],
    ['SEC1 of P-384', p384, { type: 'sec1' }],
    ['PKCS#1', rsa, { type: 'pkcs1' }],
    ['PKCS#8 of RSA', rsa, { type: 'pkcs8' }],
    ['PKCS#8, encrypted by AES-256', ec, { ...encrypted, cipher: 'aes-256-cbc' }],
    ['PKCS#8 of RSA, encrypted by AES-128', rsa, { ...encrypted, cipher: 'aes-128-cbc' }],
  ])) {
    writeFileSync(cert, authority.issue({ isClient: true, key: keyObject }).cert)
    // What stands around the key does not matter.
    writeFileSync(key, `Bag Attributes\n${exported(keyObject, options)}\n${authority.cert}`)
    configure({ tls: { ca: authority.cert } })
    assert.equal(await appendSessionLog('s', createEntry(), server.url), true, kind)
  }
  assert.ok(server.authorized.every((is) => is))
})

test('a client certificate that is configured wins over the environment', async (t) => {
  const server = await serveMutual(t)
  useTrustingHost(t)
  useVariables(t, { CLAUDE_CODE_CLIENT_CERT: '/no/such/file', CLAUDE_CODE_CLIENT_KEY: '/no/such/file' })
  const key = exported(client.key, { type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'secret' })
  configure({ tls: { ca: authority.cert, cert: client.cert, key, passphrase: 'secret' } })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
})

test('intermediates are sent with the client certificate', async (t) => {
  const server = await serveMutual(t)
  useTrustingHost(t)
  configure({ tls: { cert: client.cert + authority.cert, key: client.pem } })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
})

test('without a client certificate, a server that asks gets none and decides for itself', async (t) => {
  const server = await serveMutual(t)
  const host = useTrustingHost(t)
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  assert.deepEqual(host.diagnostics[0], ['error', 'session_persist_fail_status', { status: 403, attempt: 1 }])
})

const encryptedKey = exported(client.key, { type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'secret' })
const oldKey = exported(client.key, { type: 'sec1', cipher: 'aes-128-cbc', passphrase: 'secret' })

for (const [what, cert, key, passphrase, message] of /** @type {[string, string?, string?, string?, RegExp?][]} */ ([
  ['key is missing', client.cert, undefined, undefined, /CLIENT_CERT is set, and CLAUDE_CODE_CLIENT_KEY is not/],
  ['certificate is missing', undefined, client.pem, undefined, /CLIENT_KEY is set, and CLAUDE_CODE_CLIENT_CERT is not/],
  ['key is another', client.cert, certified.pem, undefined, /_KEY \(.*\) is not the key of the certificate in .*_CERT/],
  ['key has no passphrase', client.cert, encryptedKey, undefined, /is encrypted, and no passphrase is set/],
  ['key has another passphrase', client.cert, encryptedKey, 'wrong', /the passphrase does not fit/],
  ['key has an old form', client.cert, oldKey, 'secret', /OpenSSL's old form, .* `openssl pkcs8 -topk8` converts it/],
  ['key is none', client.cert, client.cert, undefined, /_KEY \(.*key\.pem\) holds no private key in PEM form/],
  ['certificate is none', client.pem, client.pem, undefined, /_CERT \(.*cert\.pem\) holds no certificate in PEM form/],
  ['key is too short', ...shortKey(), undefined, /not supported \(as RSA below 2048 bits/],
])) {
  test(`where the ${what}, the client certificate is left out, and a server that asks for one is out of reach, with an error that says why`, async (t) => {
    const stored = () => ({ status: 201 })
    const plain = await serve(t, stored, tlsOf(certified))
    const asking = { ...tlsOf(certified), ca: authority.cert, requestCert: true }
    const host = useTrustingHost(t)
    const folder = createFolder(t)
    const write = (/** @type {string} */ name, /** @type {string | undefined} */ content) => {
      if (content === undefined) return undefined
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    }
    useVariables(t, {
      CLAUDE_CODE_CLIENT_CERT: write('cert.pem', cert),
      CLAUDE_CODE_CLIENT_KEY: write('key.pem', key),
      CLAUDE_CODE_CLIENT_KEY_PASSPHRASE: passphrase,
    })
    configure({ tls: { ca: authority.cert } })
    assert.equal(await appendSessionLog('s', createEntry(), plain.url), true)
    const expected = /** @type {RegExp} */ (message)
    const line = host.debugLines.find((line) => line.startsWith('The client certificate cannot be used: '))
    assert.match(line ?? '', expected)

    for (const version of /** @type {const} */ (['TLSv1.2', 'TLSv1.3'])) {
      const mutual = await serve(t, stored, { ...asking, minVersion: version, maxVersion: version })
      assert.equal(await appendSessionLog('s', createEntry(), mutual.url), false)
      const { message: said } = host.errors.at(-1)
      if (wasOvertaken(said, version)) assert.match(said, PERHAPS_REFUSED)
      else assert.match(said, /no connection: the server .*client certificate /)
      assert.match(said, /: the client certificate cannot be used: /)
      assert.match(said, expected)
      assert.equal(mutual.requests.length, 0)
    }
  })
}

/** @param {import('../tools/shared/certificates.mjs').Certified} of */
function tlsOf({ cert, pem }) {
  return { cert, key: pem }
}

function shortKey() {
  const { cert, pem } = authority.issue({ isClient: true, key: createRsaKey(1024) })
  return [cert, pem]
}

for (const version of /** @type {const} */ (['TLSv1.2', 'TLSv1.3'])) {
  test(`a server that insists on a client certificate is named, and leaves no entry in doubt, with ${version}`, async (t) => {
    const tls = { ...tlsOf(certified), ca: authority.cert, requestCert: true, minVersion: version, maxVersion: version }
    const server = await serve(t, () => ({ status: 201 }), tls)
    const host = useTrustingHost(t)
    // A short one: where more is on its way than the server reads, what it says can be lost with the connection.
    const entry = createEntry()
    assert.equal(await appendSessionLog('s', entry, server.url), false)
    if (wasOvertaken(host.errors[0].message, version)) {
      assert.match(host.errors[0].message, PERHAPS_REFUSED)
      return
    }
    assert.match(host.errors[0].message, /no connection: the server .* client certificate \(CLAUDE_CODE_CLIENT_CERT\)/)

    // Nothing can be stored: made again, the append begins with the PUT.
    const other = await serve(t, () => ({ status: 201 }))
    assert.equal(await appendSessionLog('s', entry, other.url), true)
    assert.equal(other.requests[0].method, 'PUT')
  })
}

test('a server that asked for a client certificate and resets the connection at its first request is named with that', async (t) => {
  const tls = { ...tlsOf(certified), ca: authority.cert, requestCert: true, rejectUnauthorized: false }
  const server = await serve(t, (_request, response) => void resetOf(response), tls)
  const host = useTrustingHost(t)
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  assert.match(host.errors[0].message, PERHAPS_REFUSED)
})

test('a reset over a connection that has carried a response says nothing of the client certificate that was asked for', async (t) => {
  const tls = { ...tlsOf(certified), ca: authority.cert, requestCert: true, rejectUnauthorized: false }
  const server = await serve(
    t,
    (_request, response, index) => (index === 0 ? { status: 201 } : void resetOf(response)),
    tls,
  )
  const host = useTrustingHost(t)
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  assert.deepEqual([...new Set(server.requests.map(({ connection }) => connection))], [0])
  assert.match(host.errors[0].message, /broke off/)
  assert.doesNotMatch(host.errors[0].message, /client certificate/)
})

test('a server that closes the connection over a client certificate is said to have done so', async (t) => {
  // What Node's servers do about an authority that they do not know.
  const tls = {
    ...tlsOf(certified),
    ca: authority.cert,
    requestCert: true,
    maxVersion: /** @type {const} */ ('TLSv1.2'),
  }
  const server = await serve(t, () => ({ status: 201 }), tls)
  const host = useTrustingHost(t)
  const other = createSelfSigned({ isClient: true })
  configure({ tls: { cert: other.cert, key: other.pem } })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  assert.match(host.errors[0].message, /no connection: the server closed the connection during the TLS handshake/)
})

test('files of a client certificate that cannot be read in time keep no request waiting for longer than a connection may', {
  skip: process.platform === 'win32' && 'there are no FIFOs',
}, async (t) => {
  const server = await serve(t, () => ({ status: 201 }))
  const host = useHost(t, { retry: { maxAttempts: 3, baseDelayMs: 1 }, timeouts: { connectMs: 100 } })
  const fifo = join(createFolder(t), 'cert.pem')
  execFileSync('mkfifo', [fifo])
  // Whoever reads it waits for somebody who writes.
  useVariables(t, { CLAUDE_CODE_CLIENT_CERT: fifo, CLAUDE_CODE_CLIENT_KEY: fifo })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  assert.equal(host.errors.length, 3)
  for (const { message } of host.errors) assert.match(message, /no connection within 100 ms \(timeouts\.connectMs\)/)
  // Opened for both: then nobody waits.
  closeSync(openSync(fifo, 'r+'))
})
