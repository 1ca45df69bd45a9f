// Forms of PEM text that are taken and not: network.md has the table. Node is asked the same.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { test } from 'node:test'
import { createAuthority, createKey, createRsaKey, encryptKey, toTrusted } from '../tools/shared/certificates.mjs'
import { addon, createEntry, useHost, useVariables } from './support/addon.mjs'
import { createFolder } from './support/package.mjs'
import { serve } from './support/server.mjs'

const { appendSessionLog, configure } = addon
const authority = createAuthority()
const { cert, pem } = authority.issue()
const other = createAuthority('another').cert
const BOM = '\ufeff'
const [BEGIN, END] = ['-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----']
const text = authority.cert.split('\n').slice(1, -2).join('')
const [SERVERS, CLIENTS] = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']
const block = (/** @type {string} */ lines) => `${BEGIN}\n${lines}\n${END}\n`

/** Whether Node's client gets 201. @param {string} url @param {import('node:tls').SecureContextOptions} tls */
async function nodeTakes(url, tls) {
  try {
    const [response] = await once(request(url, { ...tls, method: 'PUT', agent: false }).end(), 'response')
    response.resume()
    return response.statusCode === 201
  } catch {
    return false
  }
}

/** The authority in a layout, whether we and Node take it, and how many certificates are told to be lost. */
const AUTHORITIES = /** @type {[string, string, boolean, boolean, number?][]} */ ([
  ['a byte order mark at its start', BOM + authority.cert, true, true],
  ['a byte order mark between blocks', other + BOM + authority.cert, true, true],
  ['lines that end in CR and LF', authority.cert.replaceAll('\n', '\r\n'), true, true],
  ['lines that end in CR', authority.cert.replaceAll('\n', '\r'), true, false],
  ['text before and between', `Subject: CN=x\n\n${other}Bag Attributes\n  friendly: y\n${authority.cert}`, true, true],
  ['white space behind lines', authority.cert.replaceAll('\n', ' \t\v\f\n'), true, true],
  ['white space before lines', authority.cert.replace(/^(?=.)/gm, ' \t'), true, false],
  ['empty lines', authority.cert.replaceAll('\n', '\n\n'), true, false],
  ['one long line', block(text), true, true],
  ['short lines', block(text.replace(/.{10}/g, '$&\n')), true, true],
  ['uneven lines', block(`${text.slice(0, 64)}\n${text.slice(64, 90)}\n${text.slice(90)}`), true, true],
  ['a space in its Base64', block(text.replace(/^.{30}/, '$& ')), true, true],
  ['no end of its last line', authority.cert.trimEnd(), true, true],
  ['NUL bytes behind it', `${authority.cert}\0\0`, true, true],
  ['the label X509 CERTIFICATE', authority.cert.replaceAll('CERTIFICATE', 'X509 CERTIFICATE'), true, true],
  ['the label TRUSTED CERTIFICATE', toTrusted(authority.cert), true, true],
  ['trust for servers', toTrusted(authority.cert, { trust: [CLIENTS, SERVERS] }), true, true],
  ['trust for clients alone', toTrusted(authority.cert, { trust: [CLIENTS] }), false, false, 1],
  ['no trust for servers', toTrusted(authority.cert, { reject: [SERVERS] }), false, false, 1],
  ['a key before it', pem + authority.cert, true, true],
  [
    'a block of another kind before it',
    `-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n${authority.cert}`,
    true,
    true,
  ],
  ['a broken one behind it', `${authority.cert}${block('!!!!')}`, true, true, 1],
  ['a broken one before it', `${block('AAAA')}${authority.cert}`, true, false, 1],
  ['one without an end before it', `${other.replace(END, '')}${authority.cert}`, true, false, 1],
  ['no end', authority.cert.replace(END, ''), false, false, 1],
  ['its blocks in one line', `${BEGIN} ${text} ${END}`, false, false],
  ['the label NEW CERTIFICATE', authority.cert.replaceAll('CERTIFICATE', 'NEW CERTIFICATE'), false, false],
])

for (const [layout, ca, takes, node, lost = 0] of AUTHORITIES) {
  test(`an authority in PEM text with ${layout} is ${takes ? 'taken' : 'not taken'}, and what is lost is told`, async (t) => {
    const server = await serve(t, () => ({ status: 201 }), { cert, key: pem })
    const host = useHost(t, { retry: { maxAttempts: 1 } })
    const file = join(createFolder(t), 'ca.pem')
    writeFileSync(file, ca)
    useVariables(t, { NODE_EXTRA_CA_CERTS: file })
    assert.equal(await appendSessionLog('s', createEntry(), server.url), takes)
    assert.equal(await nodeTakes(server.url, { ca }), node)
    const lines = host.debugLines.filter((line) => line.startsWith('NODE_EXTRA_CA_CERTS ('))
    if (lost > 0) assert.match(lines.join(), new RegExp(`: ${lost} of \\d certificates cannot be used$`))
    else if (takes) assert.deepEqual(lines, [])
    else assert.match(lines.join(), /holds no certificate in PEM form$/)
    // An option takes what a file may hold.
    if (takes) configure({ tls: { ca } })
    else assert.throws(() => configure({ tls: { ca } }), /tls\.ca holds no certificate/)
    if (takes) assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  })
}

const key = createKey()
const PASSPHRASE = 'pass phrase'
const exported = (/** @type {any} */ options, /** @type {import('node:crypto').KeyObject} */ of = key) =>
  /** @type {string} */ (
    of.export({ format: 'pem', type: 'pkcs8', passphrase: options.cipher && PASSPHRASE, ...options })
  )
const sec1 = exported({ type: 'sec1' })
const encrypted = exported({ cipher: 'aes-256-cbc' })
const PARAMETERS = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n'
const asOneLine = (/** @type {string} */ pem) =>
  pem.replace(/(KEY-----\n)([^-]+)/, (_, begin, lines) => `${begin}${lines.replaceAll('\n', '')}\n`)

test('a private key without an end, or of another kind, is refused by configure, without a quote', (t) => {
  useHost(t)
  for (const text of [encrypted, sec1, exported({})]) {
    for (const broken of [text.replace(/-----END.*/, ''), text.replace(/-----END.*/, '-----END FOO-----'), cert, '']) {
      assert.throws(
        () => configure({ tls: { key: broken } }),
        /^TypeError: configure: tls\.key holds no private key in PEM form$/,
      )
    }
  }
})

/** A key in a form, and whether we and Node take it. */
const KEYS = /** @type {[string, string, boolean, boolean][]} */ ([
  ['PKCS#8', exported({}), true, true],
  ['SEC1', sec1, true, true],
  ['SEC1 behind its parameters', PARAMETERS + sec1, true, true],
  ['SEC1 behind its parameters, with byte order marks', BOM + PARAMETERS + BOM + sec1, true, true],
  ['one long line', asOneLine(exported({})), true, true],
  ['lines that end in CR and LF', exported({}).replaceAll('\n', '\r\n'), true, true],
  ['a certificate before it', cert + exported({}), true, true],
  ['another key behind it', exported({}) + exported({}, createRsaKey()), true, true],
  ['an encrypted key behind it', exported({}) + exported({ cipher: 'aes-256-cbc' }, createKey()), true, true],
  ['PBES2 with AES-256 and SHA-256', encrypted, true, true],
  ['PBES2 with a byte order mark', BOM + encrypted, true, true],
  ['PBES2 in one long line', asOneLine(encrypted), true, true],
  ['PBES2 with CR and LF and text', `Bag Attributes\n${encrypted}`.replaceAll('\n', '\r\n'), true, true],
  ['PBES2 with AES-256 and SHA-1', encryptKey(key, PASSPHRASE, 'aes-256-cbc', 'sha1'), true, true],
  ['PBES2 with AES-128 and SHA-1 by default', encryptKey(key, PASSPHRASE, 'aes-128-cbc', undefined), true, true],
  ['PBES2 with AES-256 and SHA-512', encryptKey(key, PASSPHRASE, 'aes-256-cbc', 'sha512'), true, true],
  ['PBES2 with 3DES', exported({ cipher: 'des-ede3-cbc' }), true, true],
  ['PBES2 with Camellia', exported({ cipher: 'camellia-256-cbc' }), false, true],
  ["OpenSSL's old form", exported({ type: 'sec1', cipher: 'aes-128-cbc' }), false, true],
])

for (const [form, text, takes, node] of KEYS) {
  test(`a private key in PEM text with ${form} is ${takes ? 'taken' : 'not taken, and told with what converts it'}`, async (t) => {
    const tls = { cert, key: pem, ca: authority.cert, requestCert: true, rejectUnauthorized: false }
    /** @type {import('./support/server.mjs').Handler} */
    const onlyKnown = (_request, { socket }) => {
      const { authorized } = /** @type {import('node:tls').TLSSocket} */ (socket)
      return { status: authorized ? 201 : 403 }
    }
    const server = await serve(t, onlyKnown, tls)
    const host = useHost(t, { retry: { maxAttempts: 1 }, tls: { ca: authority.cert } })
    const folder = createFolder(t)
    const client = authority.issue({ isClient: true, key })
    const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
    writeFileSync(certFile, BOM + client.cert)
    writeFileSync(keyFile, text)
    useVariables(t, {
      CLAUDE_CODE_CLIENT_CERT: certFile,
      CLAUDE_CODE_CLIENT_KEY: keyFile,
      CLAUDE_CODE_CLIENT_KEY_PASSPHRASE: PASSPHRASE,
    })
    configure({ tls: { ca: authority.cert } })
    assert.equal(await appendSessionLog('s', createEntry(), server.url), takes, host.debugLines.join('\n'))
    const nodeTls = { ca: authority.cert, cert: client.cert, key: text, passphrase: PASSPHRASE }
    assert.equal(await nodeTakes(server.url, nodeTls), node)
    const line = host.debugLines.find((line) => line.startsWith('The client certificate cannot be used: '))
    if (takes) assert.equal(line, undefined)
    else
      assert.match(
        line ?? '',
        /CLIENT_KEY \(.*\) is encrypted in .* not supported.*`openssl pkcs8 -topk8.*` converts it$/,
      )
  })
}
