// Proxies as users have them: specification.md, section 8.

import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { findPort } from '../../tools/shared/ports.mjs'
import { createFolder } from '../support/package.mjs'
import { createAuthorityFiles } from './support/authority.mjs'
import { startHost } from './support/host.mjs'
import { startNginx } from './support/nginx.mjs'
import { createEntries, startService, urlOf } from './support/service.mjs'
import { startSquid } from './support/squid.mjs'
import { startTinyproxy } from './support/tinyproxy.mjs'

const dir = createFolder({ after })
const authority = createAuthorityFiles(dir)
const certificate = authority.issue('server')
const TRUSTING = { NODE_EXTRA_CA_CERTS: authority.file }
const ENTRY = { uuid: 'entry' }
const ATTEMPTS = 3
const FEW = { retry: { maxAttempts: ATTEMPTS, baseDelayMs: 1 } }

/** @param {import('./support/program.mjs').Context} t */
const startTlsServer = (t) => startNginx(t, { listen: 'ssl', certificate })

/** A proxy's URL with credentials. @param {string} url @param {string} credentials */
const as = (url, credentials) => url.replace('//', `//${credentials}@`)

/** Either proxy, what its users are, and how they write that in a URL. What it counts, it counts when it has ended. */
const PROXIES = {
  squid: {
    start: startSquid,
    asking: { users: { 'us er': 'p@ss:w/rd%' } },
    credentials: 'us%20er:p%40ss%3Aw%2Frd%25',
    refusesWrongPassword: /no connection: .* refused the tunnel: 407/,
  },
  tinyproxy: {
    start: startTinyproxy,
    asking: { user: 'user', password: 'pass-word' },
    credentials: 'us%65r:pass%2Dword',
    // By 401, which is not what the RFC has.
    refusesWrongPassword: /no connection: .* refused the tunnel/,
  },
}

for (const [name, { start, asking, credentials, refusesWrongPassword }] of Object.entries(PROXIES)) {
  describe(name, () => {
    const startOpen = (/** @type {import('./support/program.mjs').Context} */ t) => start(t)
    const startAsking = (/** @type {import('./support/program.mjs').Context} */ t) =>
      start(t, /** @type {any} */ (asking))

    test(`${name} leads to https, by one tunnel for many appends`, async (t) => {
      const [nginx, proxy] = await Promise.all([startTlsServer(t), startOpen(t)])
      const host = await startHost(t, { env: { ...TRUSTING, HTTPS_PROXY: proxy.url } })
      for (const entry of createEntries('s', 50)) {
        assert.equal(await host.appendSessionLog('s', entry, nginx.url), true)
      }
      await host.stop()
      const connects = (await proxy.stopAndReadLog()).filter(({ method }) => method === 'CONNECT')
      assert.equal(connects.length, 1)
      const connections = (await nginx.stopAndReadLog()).map(({ connection }) => connection)
      assert.deepEqual([connections.length, new Set(connections).size], [50, 1])
    })

    test(`${name} leads to http`, async (t) => {
      const [service, open] = await Promise.all([startService(t), startOpen(t)])
      const host = await startHost(t, { env: { HTTP_PROXY: open.url }, base: service.url })
      const entries = createEntries('s', 3)
      for (const entry of entries) {
        assert.equal(await host.appendSessionLog('s', entry, urlOf(service.url, 's')), true)
      }
      assert.deepEqual(await host.getSessionLogs('s', urlOf(service.url, 's')), entries)
      assert.deepEqual(await host.getTeleportEvents('s', 'token', 'org'), entries)
      assert.ok(service.headers.every(({ via }) => via?.includes(name)))
    })

    test(`${name} that asks for credentials gets them`, async (t) => {
      const [nginx, service, closed] = await Promise.all([startTlsServer(t), startService(t), startAsking(t)])
      const proxy = as(closed.url, credentials)
      const host = await startHost(t, { env: { ...TRUSTING, HTTPS_PROXY: proxy, HTTP_PROXY: proxy } })
      assert.equal(await host.appendSessionLog('s', ENTRY, nginx.url), true, host.errors.join('\n'))
      assert.equal(await host.appendSessionLog('t', ENTRY, urlOf(service.url, 't')), true)
      assert.equal(service.headers[0]['proxy-authorization'], undefined)
      assert.equal((await nginx.stopAndReadLog()).length, 1)
    })

    for (const { who, given, refusal } of [
      { who: 'nobody', given: undefined, refusal: /no connection: .* refused the tunnel: 407/ },
      { who: 'somebody with a wrong password', given: 'user:wrong', refusal: refusesWrongPassword },
    ]) {
      test(`${name} that asks for credentials refuses ${who}: the server sees nothing, and nothing is in doubt`, async (t) => {
        const [service, closed] = await Promise.all([startService(t), startAsking(t)])
        const nginx = await startNginx(t, { listen: 'ssl', certificate, upstream: service.url })
        const proxy = given === undefined ? closed.url : as(closed.url, given)
        const host = await startHost(t, { env: { ...TRUSTING, HTTPS_PROXY: proxy, HTTP_PROXY: proxy }, configure: FEW })
        assert.equal(await host.appendSessionLog('s', ENTRY, urlOf(nginx.url, 's')), false)
        assert.equal(host.errors.length, ATTEMPTS)
        for (const error of host.errors) assert.match(error, refusal)
        const again = ['error', 'session_persist_fail_status']
        assert.deepEqual(host.diagnostics.slice(0, 2), [
          [...again, { attempt: 1 }],
          [...again, { attempt: 2 }],
        ])

        // Nothing is in doubt: with the proxy out of the way, the entry is sent without a look at the log.
        await host.configure({ proxy: null })
        assert.equal(await host.appendSessionLog('s', ENTRY, urlOf(nginx.url, 's')), true)
        assert.deepEqual(service.requests, { PUT: 1, GET: 0 })
      })
    }

    test(`${name} that asks for credentials responds to http with 407`, async (t) => {
      const [service, closed] = await Promise.all([startService(t), startAsking(t)])
      const host = await startHost(t, { env: { HTTP_PROXY: closed.url }, configure: FEW })
      assert.equal(await host.appendSessionLog('s', ENTRY, urlOf(service.url, 's')), false)
      const [event] = host.diagnostics
      assert.deepEqual(event, ['error', 'session_persist_fail_status', { status: 407, attempt: 1 }])
      assert.equal(await host.getSessionLogs('s', urlOf(service.url, 's')), null)
      assert.deepEqual(service.requests, { PUT: 0, GET: 0 })
    })

    test('whose upstream is dead is named', async (t) => {
      const open = await startOpen(t)
      const host = await startHost(t, { env: { HTTPS_PROXY: open.url, HTTP_PROXY: open.url }, configure: FEW })
      const nobody = `127.0.0.1:${await findPort()}`
      assert.equal(await host.appendSessionLog('s', ENTRY, `https://${nobody}`), false)
      assert.equal(host.errors.length, ATTEMPTS)
      for (const error of host.errors) assert.match(error, /no connection: the proxy .* refused the tunnel/)
      assert.equal(await host.appendSessionLog('s', ENTRY, `http://${nobody}`), false)
      for (const error of host.errors.slice(ATTEMPTS)) assert.match(error, /the server answered 50[0-4]/)
    })

    test(`${name} is passed by for what NO_PROXY names`, async (t) => {
      const [service, closed] = await Promise.all([startService(t), startAsking(t)])
      for (const NO_PROXY of ['127.0.0.1', '127.0.0.0/8', `other.test, 127.0.0.1:${service.port}`, '*']) {
        const host = await startHost(t, { env: { HTTP_PROXY: closed.url, NO_PROXY }, configure: FEW })
        assert.equal(await host.appendSessionLog(NO_PROXY, ENTRY, urlOf(service.url, 's')), true, NO_PROXY)
        await host.stop()
      }
      assert.ok(service.headers.every(({ via }) => via === undefined))
    })

    test(`${name} that the host configures wins over the environment, NO_PROXY included, and null is no proxy`, async (t) => {
      const [service, open, closed] = await Promise.all([startService(t), startOpen(t), startAsking(t)])
      const env = { HTTP_PROXY: closed.url }
      const host = await startHost(t, { env, configure: { proxy: open.url, ...FEW } })
      assert.equal(await host.appendSessionLog('s', ENTRY, urlOf(service.url, 's')), true)
      assert.ok(service.headers[0].via?.includes(name))
      await host.configure({ proxy: null })
      assert.equal(await host.appendSessionLog('t', ENTRY, urlOf(service.url, 't')), true)
      assert.equal(service.headers[1].via, undefined)
    })
  })
}

test('squid that refuses the tunnel is named, and nothing is in doubt', async (t) => {
  const [nginx, squid] = await Promise.all([startTlsServer(t), startSquid(t, { deny: 'CONNECT' })])
  const host = await startHost(t, { env: { ...TRUSTING, HTTPS_PROXY: squid.url }, configure: FEW })
  assert.equal(await host.appendSessionLog('s', ENTRY, nginx.url), false)
  assert.equal(host.errors.length, ATTEMPTS)
  for (const error of host.errors) assert.match(error, /no connection: the proxy .* refused the tunnel/)
  assert.deepEqual(await nginx.stopAndReadLog(), [])
})
