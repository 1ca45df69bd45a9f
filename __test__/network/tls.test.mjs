// TLS as nginx speaks it, with a private authority: specification.md, section 8.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, describe, test } from 'node:test'
import { createFolder } from '../support/package.mjs'
import { createAuthorityFiles, PASSPHRASE } from './support/authority.mjs'
import { startHost } from './support/host.mjs'
import { startNginx } from './support/nginx.mjs'

const dir = createFolder({ after })
const authority = createAuthorityFiles(dir)
const certificate = authority.issue('server')
const TRUSTING = { NODE_EXTRA_CA_CERTS: authority.file }
const ENTRY = { uuid: 'entry' }
const ONCE = { retry: { maxAttempts: 1 } }

/** @param {import('./support/program.mjs').Context} t @param {import('./support/nginx.mjs').NginxOptions} [options] */
const startServer = (t, options) => startNginx(t, { listen: 'ssl', certificate, ...options })

describe('the certificate of the server', () => {
  test('the certificate of nginx is refused by name where its authority is unknown, and nothing is in doubt', async (t) => {
    const nginx = await startServer(t)
    const host = await startHost(t, { configure: ONCE })
    assert.equal(await host.appendSessionLog('s', ENTRY, nginx.url), false)
    assert.match(host.errors[0], /no connection: .*its authority is unknown/)
    assert.deepEqual(await nginx.stopAndReadLog(), [])
  })

  test('the certificate of nginx is accepted where NODE_EXTRA_CA_CERTS names its authority', async (t) => {
    const nginx = await startServer(t)
    const host = await startHost(t, { env: TRUSTING })
    assert.equal(await host.appendSessionLog('s', ENTRY, nginx.url), true)
    assert.equal((await nginx.stopAndReadLog()).length, 1)
  })

  test('the certificate of nginx is accepted where the host names its authority', async (t) => {
    const nginx = await startServer(t)
    const ca = await readFile(authority.file, 'utf8')
    const host = await startHost(t, { configure: { tls: { ca } } })
    assert.equal(await host.appendSessionLog('s', ENTRY, nginx.url), true)
  })

  test('the certificate of nginx is refused by name where it is for another host', async (t) => {
    const nginx = await startServer(t, { certificate: authority.issue('other', { names: ['other.test'] }) })
    const host = await startHost(t, { env: TRUSTING, configure: ONCE })
    assert.equal(await host.appendSessionLog('s', ENTRY, nginx.url), false)
    assert.match(host.errors[0], /no connection: .*it is not for the host 127\.0\.0\.1, but for other\.test$/)
  })

  test('the certificate of nginx is refused by name where it has expired, or is not valid yet', async (t) => {
    const host = await startHost(t, { env: TRUSTING, configure: ONCE })
    const past = authority.issue('past', { from: new Date('2020-01-01'), to: new Date('2020-01-02') })
    const expired = await startServer(t, { certificate: past })
    assert.equal(await host.appendSessionLog('s', ENTRY, expired.url), false)
    assert.match(host.errors[0], /no connection: .*expired/i)
    const future = authority.issue('future', { from: new Date('2048-01-01'), to: new Date('2049-01-01') })
    const early = await startServer(t, { certificate: future })
    assert.equal(await host.appendSessionLog('s', ENTRY, early.url), false)
    assert.match(host.errors.at(-1) ?? '', /no connection: .*not valid yet/i)
  })

  test('the certificate of nginx may be an RSA one', async (t) => {
    const nginx = await startServer(t, { certificate: authority.issue('rsa', { form: 'PKCS#1' }) })
    const host = await startHost(t, { env: TRUSTING })
    assert.equal(await host.appendSessionLog('s', ENTRY, nginx.url), true)
  })
})

for (const version of ['TLSv1.2', 'TLSv1.3']) {
  test(`a server that speaks ${version} only is served`, async (t) => {
    const nginx = await startServer(t, { server: [`ssl_protocols ${version};`] })
    const host = await startHost(t, { env: TRUSTING })
    assert.equal(await host.appendSessionLog('s', ENTRY, nginx.url), true)
    assert.deepEqual(await nginx.stopAndReadLog().then((log) => log.map(({ tls }) => tls)), [version])
  })
}

test('a server that speaks TLS 1.1 only is refused', async (t) => {
  const nginx = await startServer(t, { server: ['ssl_protocols TLSv1.1;', 'ssl_ciphers ALL:@SECLEVEL=0;'] })
  const host = await startHost(t, { env: TRUSTING, configure: ONCE })
  assert.equal(await host.appendSessionLog('s', ENTRY, nginx.url), false)
  assert.match(host.errors[0], /no connection: .*no TLS version, .*in common/)
})

describe('a server that asks for a client certificate', () => {
  const server = [`ssl_client_certificate ${authority.file};`, 'ssl_verify_client on;']

  for (const form of /** @type {const} */ (['PKCS#8', 'SEC1', 'PKCS#1', 'encrypted PKCS#8'])) {
    const passphrase = form.startsWith('encrypted') ? PASSPHRASE : undefined
    const client = authority.issue(`client-${form.replace(/\W/g, '')}`, { names: [], isClient: true, form })

    test(`nginx takes a client certificate of files in the environment, with a key in ${form}`, async (t) => {
      const nginx = await startServer(t, { server })
      const env = {
        ...TRUSTING,
        CLAUDE_CODE_CLIENT_CERT: client.cert,
        CLAUDE_CODE_CLIENT_KEY: client.key,
        CLAUDE_CODE_CLIENT_KEY_PASSPHRASE: passphrase,
      }
      const host = await startHost(t, { env, configure: ONCE })
      assert.equal(await host.appendSessionLog('s', ENTRY, nginx.url), true, host.errors.join('\n'))
    })

    test(`nginx takes a client certificate of the host, with a key in ${form}`, async (t) => {
      const nginx = await startServer(t, { server })
      const [cert, key] = await Promise.all([readFile(client.cert, 'utf8'), readFile(client.key, 'utf8')])
      const tls = { cert, key, passphrase }
      const host = await startHost(t, { env: TRUSTING, configure: { tls, ...ONCE } })
      assert.equal(await host.appendSessionLog('s', ENTRY, nginx.url), true, host.errors.join('\n'))
    })
  }

  test('nginx that asks for a client certificate responds with 400 where there is none, and the status is told', async (t) => {
    const nginx = await startServer(t, { server })
    const host = await startHost(t, { env: TRUSTING, configure: ONCE })
    assert.equal(await host.appendSessionLog('s', ENTRY, nginx.url), false)
    assert.deepEqual(host.diagnostics[0], ['error', 'session_persist_fail_status', { status: 400, attempt: 1 }])
    assert.equal(await host.getSessionLogs('s', nginx.url), null)
    assert.deepEqual(host.diagnostics.at(-1), ['error', 'session_get_fail_status', { status: 400 }])
  })

  test('nginx that asks for a client certificate responds with 400 to one of another authority', async (t) => {
    const other = createAuthorityFiles(dir, 'other authority').issue('client', { names: [], isClient: true })
    const nginx = await startServer(t, { server })
    const env = { ...TRUSTING, CLAUDE_CODE_CLIENT_CERT: other.cert, CLAUDE_CODE_CLIENT_KEY: other.key }
    const host = await startHost(t, { env, configure: ONCE })
    assert.equal(await host.appendSessionLog('s', ENTRY, nginx.url), false)
    assert.deepEqual(host.diagnostics[0], ['error', 'session_persist_fail_status', { status: 400, attempt: 1 }])
  })
})
