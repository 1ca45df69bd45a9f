// Which hosts NO_PROXY names: specification.md, section 10. The old module's axios decides it here for comparison.

import assert from 'node:assert/strict'
import { test } from 'node:test'
// @ts-expect-error It has no types.
import shouldBypassProxy from 'axios/unsafe/helpers/shouldBypassProxy.js'
import { addon, useHost, useVariables } from './support/addon.mjs'
import { createProxy } from './support/proxy.mjs'
import { serve } from './support/server.mjs'

const NONE = { https_proxy: undefined, HTTPS_PROXY: undefined, HTTP_PROXY: undefined, no_proxy: undefined }

/** A server, a proxy to it, and a function that tells whether a URL is reached without the proxy. */
async function useProxyFor(/** @type {import('node:test').TestContext} */ t) {
  const server = await serve(t, () => ({ body: { loglines: [] } }))
  const proxy = await createProxy(t)
  useHost(t, { timeouts: { connectMs: 2000 } })
  const isDirect = async (/** @type {string} */ list, /** @type {string} */ url) => {
    proxy.asked.length = 0
    useVariables(t, { ...NONE, http_proxy: proxy.url, NO_PROXY: list })
    await addon.getSessionLogs('s', url)
    return proxy.asked.length === 0
  }
  return { isDirect, port: server.port }
}

const LOOPBACK_HOSTS = ['LOCALHOST.', '127.0.0.1', '[::1]', '[::ffff:127.9.8.7]']
const LOOPBACK_ENTRIES = ['localhost', 'localhost.', '127.0.0.1', '127.1', '0x7f.1', '::1', '[::1]', '0:0:0:0:0:0:0:1']
const MORE_ENTRIES = ['::ffff:127.0.0.1', '0.0.0.0', '::', '127.0.0.0/8', '::1/128', '::ffff:127.0.0.0/104', '*']
const OTHER_ENTRIES = ['other.test', 'a.localhost', '.localhost', '128.0.0.1', '::2', '[::1', '127.0.0.0/33', '127']

for (const host of LOOPBACK_HOSTS) {
  test(`NO_PROXY keeps requests to ${host} from the proxy where it names any loopback host, as with axios`, async (t) => {
    const { isDirect, port } = await useProxyFor(t)
    const url = `http://${host}:${port}/`
    for (const entry of [...LOOPBACK_ENTRIES, ...MORE_ENTRIES, ...OTHER_ENTRIES]) {
      const direct = await isDirect(entry, url)
      assert.equal(direct, shouldBypassProxy(url), `NO_PROXY=${entry}`)
      if (LOOPBACK_ENTRIES.includes(entry)) assert.equal(direct, true, entry)
      if (OTHER_ENTRIES.includes(entry)) assert.equal(direct, false, entry)
    }
  })
}

test('a port beside a loopback name in NO_PROXY must be that of the request', async (t) => {
  const { isDirect, port } = await useProxyFor(t)
  for (const host of LOOPBACK_HOSTS) {
    const url = `http://${host}:${port}/`
    assert.equal(await isDirect(`localhost:${port},[::1]:1`, url), true, host)
    assert.equal(await isDirect(`localhost:${port - 1},[::1]:1`, url), false, host)
  }
})
