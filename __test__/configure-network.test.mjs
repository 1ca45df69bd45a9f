// `configure({ tls, proxy })`: what it takes and refuses, and from when on it holds.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { createAuthority, createKey } from '../tools/shared/certificates.mjs'
import { addon, createEntry, useHost, useVariables } from './support/addon.mjs'
import { createProxy } from './support/proxy.mjs'
import { createGate, serve } from './support/server.mjs'

const { appendSessionLog } = addon
const configure = /** @type {(options?: any) => void} */ (addon.configure)
const { cert, issue } = createAuthority()
const { pem } = issue()
const stored = () => ({ status: 201 })

/** @param {any} options @param {string} key @param {RegExp} [why] */
function refused(options, key, why = /./) {
  assert.throws(
    () => configure(options),
    (error) => {
      assert.ok(error instanceof TypeError)
      assert.ok(error.message.includes(key), `${error.message} names ${key}`)
      assert.match(error.message, why)
      assert.doesNotMatch(error.message, /SECRET|secret/)
      return true
    },
  )
}

test('configure takes tls as an object of PEM texts, and refuses anything else by name', (t) => {
  useHost(t)
  for (const value of [1, 'x', true, () => {}]) refused({ tls: value }, 'tls')
  refused({ tls: { certificate: cert } }, 'tls.certificate')
  for (const name of ['ca', 'cert', 'key', 'passphrase']) {
    for (const value of [1, true, () => {}, {}, Buffer.from(cert)]) refused({ tls: { [name]: value } }, `tls.${name}`)
    for (const value of [null, undefined]) configure({ tls: { [name]: value } })
  }
  configure({ tls: { ca: cert, cert, key: pem, passphrase: '' } })
  configure({ tls: { ca: [cert, cert + cert], cert: cert + cert } })
  for (const tls of [null, undefined, {}]) configure({ tls })
})

test('configure refuses a PEM text without a block of the right kind by name, and does not quote it', () => {
  const text = 'SECRET'
  const broken = '-----BEGIN CERTIFICATE-----\nSECRET!\n-----END CERTIFICATE-----\n'
  for (const value of ['', text, broken, pem, '/path/to/file.pem']) {
    for (const name of ['ca', 'cert']) refused({ tls: { [name]: value } }, `tls.${name}`, /holds no certificate/)
  }
  refused({ tls: { ca: [cert, text] } }, 'tls.ca[1]', /holds no certificate/)
  for (const value of ['', text, cert]) refused({ tls: { key: value } }, 'tls.key', /holds no private key/)
  const old = createKey().export({ type: 'sec1', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'secret' })
  refused({ tls: { key: old } }, 'tls.key', /OpenSSL's old form/)
})

test('configure takes a proxy as a URL of http or https, and refuses anything else by name', (t) => {
  useHost(t)
  for (const value of [1, true, {}, [], () => {}, new URL('http://proxy.test')]) refused({ proxy: value }, 'proxy')
  for (const [value, why] of /** @type {const} */ ([
    ['', /is no URL of a proxy/],
    ['http://user:secret@', /is no URL of a proxy/],
    ['socks5://user:secret@proxy.test', /is a SOCKS proxy, which is not supported/],
    ['SOCKS4A://secret', /is a SOCKS proxy/],
    ['ftp://user:secret@proxy.test', /its scheme is neither http nor https/],
    ['user://secret', /its scheme is neither http nor https/],
  ])) {
    refused({ proxy: value }, 'configure: proxy', why)
  }
  for (const value of ['proxy.test:3128', 'http://u:p@proxy.test', 'https://proxy.test', null, undefined]) {
    configure({ proxy: value })
  }
})

test('of a call of configure that is refused for its tls nothing is applied', async (t) => {
  const [server, proxy] = [await serve(t, stored), await createProxy(t)]
  useHost(t, { proxy: proxy.url })
  refused({ proxy: null, tls: { ca: 'x' } }, 'tls.ca')
  await appendSessionLog('s', createEntry(), server.url)
  assert.equal(proxy.asked.length, 1)
})

test('a configured proxy wins over the variables, and NO_PROXY has no say in it', async (t) => {
  const [server, proxy, other] = [await serve(t, stored), await createProxy(t), await createProxy(t)]
  useHost(t)
  useVariables(t, { http_proxy: other.url, HTTP_PROXY: other.url, no_proxy: '*', NO_PROXY: '*' })
  configure({ proxy: proxy.url })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.deepEqual([proxy.asked.length, other.asked.length], [1, 0])
})

test('configured as null, proxy is no proxy, and as undefined that of the environment', async (t) => {
  const [server, proxy] = [await serve(t, stored), await createProxy(t)]
  useHost(t)
  useVariables(t, { http_proxy: proxy.url, no_proxy: undefined, NO_PROXY: undefined })
  for (const [value, asked] of /** @type {const} */ ([
    [null, 0],
    [undefined, 1],
  ])) {
    configure({ proxy: value })
    assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
    assert.equal(proxy.asked.length, asked)
  }
})

test('the variables of proxies are read at the first request, and again where configure names tls or proxy', async (t) => {
  const [server, proxy] = [await serve(t, stored), await createProxy(t)]
  useHost(t)
  useVariables(t, { http_proxy: undefined, HTTP_PROXY: undefined, no_proxy: undefined, NO_PROXY: undefined })
  const asks = async () => {
    proxy.asked.length = 0
    assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
    return proxy.asked.length
  }
  assert.equal(await asks(), 0)
  process.env.http_proxy = proxy.url
  assert.equal(await asks(), 0)
  configure({ timeouts: { connectMs: 9_999 }, retry: null })
  assert.equal(await asks(), 0)
  configure({ tls: {} })
  assert.equal(await asks(), 1)
  delete process.env.http_proxy
  assert.equal(await asks(), 1)
  configure({ proxy: undefined })
  assert.equal(await asks(), 0)
})

test('requests under way, and appends that were called, keep the proxy that they have', async (t) => {
  const gate = createGate()
  const proxy = await createProxy(t)
  const server = await serve(t, async (_request, _response, index) => {
    if (index === 0) await gate.opened
    return { status: 201 }
  })
  useHost(t)
  const before = [appendSessionLog('s', createEntry(), server.url), appendSessionLog('s', createEntry(), server.url)]
  await once(server.server, 'request')
  configure({ proxy: proxy.url })
  const after = appendSessionLog('s', createEntry(), server.url)
  gate.open()
  assert.deepEqual(await Promise.all([...before, after]), [true, true, true])
  assert.equal(proxy.asked.length, 1)
})
