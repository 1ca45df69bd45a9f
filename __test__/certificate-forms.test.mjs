// Forms of certificates, and of TLS, that are taken and not: network.md has the table. Node is asked the same.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:https'
import { test } from 'node:test'
import { createAuthority, createKey, createRsaKey, createSelfSigned } from '../tools/shared/certificates.mjs'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { serve } from './support/server.mjs'

const { appendSessionLog, configure, getSessionLogs } = addon
const authority = createAuthority()

/** @typedef {import('../tools/shared/certificates.mjs').Certified} Certified */

/**
 * A server that stores everything.
 *
 * @param {import('node:test').TestContext} t
 * @param {{ cert: string, pem: string }} certified
 * @param {import('node:https').ServerOptions} [tls]
 */
function serveTls(t, { cert, pem }, tls = {}) {
  return serve(t, () => ({ status: 201 }), { cert, key: pem, ...tls })
}

/** Whether Node trusts the server. @param {string} url @param {string} ca */
async function nodeTakes(url, ca) {
  const sent = request(url, { ca, method: 'PUT', agent: false }).end()
  try {
    const [response] = await once(sent, 'response')
    response.resume()
    return true
  } catch {
    return false
  }
}

const V1 = /** @type {const} */ ({ version: 1, commonName: 'localhost' })
const ONLY_COMMON = { names: [], commonName: 'localhost' }

/** What is shown and in NODE_EXTRA_CA_CERTS, the host, and whether we and Node take it. */
const PINNED = /** @type {[string, () => Certified, string, boolean, boolean][]} */ ([
  ['self-signed, with names', () => createSelfSigned(), 'localhost', true, true],
  ["an authority's", () => createSelfSigned({ isAuthority: true }), '127.0.0.1', true, true],
  ['of X.509 version 1', () => createSelfSigned(V1), 'localhost', true, true],
  ['of X.509 version 1, with RSA', () => createSelfSigned({ ...V1, key: createRsaKey() }), 'localhost', true, true],
  ['of X.509 version 1, of another host', () => createSelfSigned(V1), '127.0.0.1', false, false],
  ['with a common name alone', () => createSelfSigned(ONLY_COMMON), 'localhost', true, true],
  [
    "an authority's with a common name alone",
    () => createSelfSigned({ ...ONLY_COMMON, isAuthority: true }),
    'localhost',
    true,
    true,
  ],
  [
    'with a common name that is an address',
    () => createSelfSigned({ names: [], commonName: '127.0.0.1' }),
    '127.0.0.1',
    true,
    false,
  ],
  [
    'with a common name beside other names',
    () => createSelfSigned({ names: ['other.test'], commonName: 'localhost' }),
    'localhost',
    false,
    false,
  ],
  ['with critical policies', () => createSelfSigned({ policies: true }), 'localhost', true, true],
  ['of another authority', () => authority.issue(), 'localhost', true, false],
  ['for clients', () => createSelfSigned({ isClient: true }), 'localhost', false, false],
  ['over', () => createSelfSigned({ ...V1, from: new Date(0), to: new Date(1e9) }), 'localhost', false, false],
  ['to come', () => createSelfSigned({ ...V1, from: new Date(4e12), to: new Date(5e12) }), 'localhost', false, false],
])

for (const [form, create, name, takes, node] of PINNED) {
  for (const version of /** @type {const} */ (['TLSv1.2', 'TLSv1.3'])) {
    test(`a trusted certificate that is ${form} is ${takes ? 'taken' : 'refused'} for ${name} by ${version}`, async (t) => {
      const certified = create()
      const server = await serveTls(t, certified, { minVersion: version, maxVersion: version })
      const host = useHost(t, { retry: { maxAttempts: 1 }, tls: { ca: certified.cert } })
      const url = `https://${name}:${server.port}/`
      assert.equal(await appendSessionLog('s', createEntry(), url), takes, host.errors[0]?.message)
      assert.equal(await nodeTakes(url, certified.cert), node)
      if (!takes) assert.match(host.errors[0].message, /is refused: it (is not (for|valid)|has expired)/)
      // Nobody is trusted with another one.
      configure({ tls: { ca: createSelfSigned().cert } })
      assert.equal(await appendSessionLog('s', createEntry(), url), false)
      assert.match(host.errors.at(-1).message, /no connection: the certificate of the server is refused: /)
      assertPlain(host.errors.at(-1).message)
    })
  }
}

test('NODE_TLS_REJECT_UNAUTHORIZED=0 takes certificates of any form', async (t) => {
  useHost(t, { retry: { maxAttempts: 1 } })
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  t.after(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED)
  configure({ tls: null })
  for (const wanted of [V1, ONLY_COMMON, { policies: true }]) {
    for (const version of /** @type {const} */ (['TLSv1.2', 'TLSv1.3'])) {
      const server = await serveTls(t, createSelfSigned(wanted), { minVersion: version, maxVersion: version })
      assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
    }
  }
})

/** Never the debug text of an error in Rust, nor an address of its manual. @param {string} message */
function assertPlain(message) {
  assert.doesNotMatch(message.replace('ChaCha20', ''), /[a-z][A-Z]|[({]\s*[a-z_]+:|docs\.rs|Other\(/, message)
}

const short = createAuthority('short', { key: createRsaKey(1024) })
const p521 = createAuthority('p521', { key: createKey('secp521r1') })
const policed = createAuthority('policed', { policies: true }, authority)
/** With the authority that issued it, as a chain. @param {Certified} certified @param {{ cert: string }} above */
const chain = (certified, above) => ({ ...certified, cert: certified.cert + above.cert })
const KEYS = /RSA with 2048 to 8192 bits, P-256, P-384 (and|or) Ed25519/
const rsa = authority.issue({ key: createRsaKey() })
const NOTHING_IN_COMMON =
  /the server and this client have no TLS version, cipher or kind of key in common: it needs TLS 1\.3, or TLS 1\.2 with ECDHE/

/** From 24 on, Node refuses them, too. */
const NODE_TAKES_1024 = Number.parseInt(process.versions.node, 10) < 24

/** What Node takes and rustls does not, with what is said. */
const UNSUPPORTED =
  /** @type {[string, Certified, import('node:https').ServerOptions, string, RegExp[], boolean?][]} */ ([
    [
      'a key of RSA with 1024 bits',
      authority.issue({ key: createRsaKey(1024) }),
      {},
      authority.cert,
      [/it has a key of a kind that is not supported \(RSA with 1024 bits\)/, KEYS],
      NODE_TAKES_1024,
    ],
    [
      'an authority with RSA of 1024 bits',
      short.issue(),
      {},
      short.cert,
      [/an authority above it has a key of a kind that is not supported \(RSA with 1024 bits\)/, KEYS],
      NODE_TAKES_1024,
    ],
    ['a key of P-521', authority.issue({ key: createKey('secp521r1') }), {}, authority.cert, [NOTHING_IN_COMMON]],
    [
      'an authority with P-521',
      p521.issue(),
      {},
      p521.cert,
      [/an authority above it has a key of a kind that is not supported \(the curve P-521\)/, KEYS],
    ],
    [
      'critical policies in an intermediate',
      chain(policed.issue(), policed),
      {},
      authority.cert,
      [/has a critical extension that is not supported \(as of policies\): NODE_EXTRA_CA_CERTS can name that/],
    ],
    [
      'TLS 1.2 by RSA alone',
      rsa,
      { ciphers: 'AES128-GCM-SHA256', maxVersion: 'TLSv1.2' },
      authority.cert,
      [NOTHING_IN_COMMON],
    ],
    [
      'TLS 1.2 by CBC',
      rsa,
      { ciphers: 'ECDHE-RSA-AES128-SHA256', maxVersion: 'TLSv1.2' },
      authority.cert,
      [NOTHING_IN_COMMON],
    ],
    [
      'TLS 1.2 by DHE',
      rsa,
      { ciphers: 'DHE-RSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2', dhparam: 'auto' },
      authority.cert,
      [NOTHING_IN_COMMON],
    ],
    [
      'TLS 1.1',
      rsa,
      { ciphers: 'DEFAULT@SECLEVEL=0', minVersion: 'TLSv1', maxVersion: 'TLSv1.1' },
      authority.cert,
      [NOTHING_IN_COMMON],
      false,
    ],
    [
      'a common name alone, of an authority',
      authority.issue(ONLY_COMMON),
      {},
      authority.cert,
      [
        /not for the host localhost, as it has no alternative name \(a common name counts only in a certificate that is/,
      ],
    ],
    [
      'X.509 version 1, of an authority',
      authority.issue(V1),
      {},
      authority.cert,
      [/of X\.509 version 1, which is taken only where it is itself in NODE_EXTRA_CA_CERTS/],
    ],
  ])

for (const [form, certified, tls, ca, messages, node = true] of UNSUPPORTED) {
  test(`a server with ${form} is refused in plain words, which ask for no client certificate`, async (t) => {
    const server = await serveTls(t, certified, tls)
    const host = useHost(t, { retry: { maxAttempts: 1 }, tls: { ca } })
    const url = `https://localhost:${server.port}/`
    assert.equal(await appendSessionLog('s', createEntry(), url), false)
    const { message } = host.errors[0]
    assert.match(message, /no connection: the (certificate of the )?server /)
    for (const expected of messages) assert.match(message, expected)
    assert.doesNotMatch(message, /client certificate/)
    assertPlain(message)
    assert.equal(await nodeTakes(url, ca), node)
  })
}

test('an authority with critical policies that is in NODE_EXTRA_CA_CERTS itself is taken', async (t) => {
  const server = await serveTls(t, chain(policed.issue(), policed))
  useHost(t, { tls: { ca: authority.cert + policed.cert } })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
})

test('a server that wants to negotiate TLS anew for a client certificate is told in plain words', async (t) => {
  const { cert, pem } = authority.issue()
  /** @type {import('./support/server.mjs').Handler} */
  const renegotiate = (_request, response) =>
    new Promise((resolve) => {
      const socket = /** @type {import('node:tls').TLSSocket} */ (response.socket)
      socket.renegotiate({ requestCert: true, rejectUnauthorized: false }, () => resolve({ body: { loglines: [] } }))
    })
  const server = await serve(t, renegotiate, { cert, key: pem, ca: authority.cert, maxVersion: 'TLSv1.2' })
  const host = useHost(t, { retry: { maxAttempts: 1 }, tls: { ca: authority.cert } })
  assert.equal(await getSessionLogs('s', server.url), null)
  assert.match(host.errors[0].message, /it was to be negotiated anew .*, which is not supported: the server has to ask/)
  assertPlain(host.errors[0].message)
})
