// mitmproxy, which looks into what is encrypted, as the proxies of companies do, and one that does harm.

import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { createFolder } from '../support/package.mjs'
import { createAuthorityFiles } from './support/authority.mjs'
import { startHost } from './support/host.mjs'
import { startMitmproxy } from './support/mitmproxy.mjs'
import { startNginx } from './support/nginx.mjs'
import { createEntries, startService, urlOf } from './support/service.mjs'

const authority = createAuthorityFiles(createFolder({ after }))
const certificate = authority.issue('server')

/**
 * A service behind TLS, and mitmproxy before it.
 *
 * @param {import('./support/program.mjs').Context} t
 * @param {Parameters<typeof startMitmproxy>[1]} [options]
 */
async function startIntercepted(t, options) {
  const service = await startService(t)
  const [nginx, proxy] = await Promise.all([
    startNginx(t, { listen: 'ssl', certificate, upstream: service.url }),
    startMitmproxy(t, { trusts: authority.file, ...options }),
  ])
  return { service, url: nginx.url, proxy, env: { NODE_EXTRA_CA_CERTS: proxy.authority, HTTPS_PROXY: proxy.url } }
}

test('what is intercepted is appended, read and paged, once the authority of the proxy is trusted', async (t) => {
  const { url, env, service } = await startIntercepted(t)
  const host = await startHost(t, { env, base: url })
  const entries = createEntries('s', 50)
  const appended = entries.map((entry) => host.appendSessionLog('s', entry, urlOf(url, 's')))
  assert.ok((await Promise.all(appended)).every((is) => is === true))
  assert.deepEqual(await host.getSessionLogs('s', urlOf(url, 's')), entries)
  assert.deepEqual(await host.getSessionLogsViaOAuth('s', 'token', 'org'), entries)
  assert.deepEqual(await host.getTeleportEvents('s', 'token', 'org'), entries)
  assert.deepEqual(host.errors, [])
  assert.deepEqual(service.requests, { PUT: 50, GET: 3 })
})

test('what is intercepted is refused by name where the authority of the proxy is not trusted', async (t) => {
  const { url, env, service } = await startIntercepted(t)
  const retry = { maxAttempts: 2, baseDelayMs: 1 }
  const host = await startHost(t, { env: { HTTPS_PROXY: env.HTTPS_PROXY }, configure: { retry } })
  assert.equal(await host.appendSessionLog('s', { uuid: 'entry' }, urlOf(url, 's')), false)
  for (const error of host.errors) assert.match(error, /no connection: .*its authority is unknown/)
  assert.deepEqual(service.requests, { PUT: 0, GET: 0 })
})

/** What the proxy does to one request in so many. It draws the same numbers in every run. */
const HARM = {
  'kills connections before the request is passed on': `
    def request(self, flow):
        if self.draws():
            flow.kill()`,
  'kills connections instead of passing on the response': `
    def response(self, flow):
        if self.draws():
            flow.kill()`,
  'responds with 502 instead of what the service responded': `
    def response(self, flow):
        if self.draws():
            flow.response = http.Response.make(502, b"gone")`,
  'does all of that': `
    def request(self, flow):
        if self.draws():
            flow.kill()
    def response(self, flow):
        if self.draws():
            flow.kill()
        elif self.draws():
            flow.response = http.Response.make(502, b"gone")`,
}

/** @param {string} harm */
const addonOf = (harm) => `
import random
from mitmproxy import http

class Harm:
    def __init__(self):
        self.random = random.Random(4)
    def draws(self):
        return self.random.random() < 0.15
${harm}

addons = [Harm()]
`

describe('behind a proxy that does harm, every append is stored once, in its order', () => {
  const SESSIONS = ['a', 'b', 'c']
  const APPENDS = 25

  for (const [what, harm] of Object.entries(HARM)) {
    test(`every append is stored once, in its order, where mitmproxy ${what}`, async (t) => {
      const { url, env, service } = await startIntercepted(t, { addon: addonOf(harm) })
      const host = await startHost(t, {
        env,
        configure: { retry: { maxAttempts: 50, baseDelayMs: 1, maxDelayMs: 50 } },
      })
      const appended = SESSIONS.flatMap((id) =>
        createEntries(id, APPENDS).map((entry) => host.appendSessionLog(id, entry, urlOf(url, id))),
      )
      const results = await Promise.all(appended)
      assert.equal(results.filter((is) => !is).length, 0, host.errors.at(-1))
      for (const id of SESSIONS) assert.deepEqual(await service.log(id), createEntries(id, APPENDS))
      assert.ok(host.errors.length > 0)
    })
  }
})
