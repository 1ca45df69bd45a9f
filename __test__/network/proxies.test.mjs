// squid and tinyproxy: SPEC section 8.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startHost } from './support/host.mjs'
import { startService, urlOf, createEntries } from './support/service.mjs'
import { startSquid } from './support/squid.mjs'
import { startTinyproxy } from './support/tinyproxy.mjs'

test('x', async (t) => {
  const service = await startService(t)
  const squid = await startSquid(t, {users: {'us r': 'p@ss:w/rd'}})
  const tiny = await startTinyproxy(t, {user: 'user', password: 'pass'})
  const host = await startHost(t, { env: { HTTP_PROXY: squid.url.replace('//', '//us%20r:p%40ss%3Aw%2Frd@') } })
  for (const e of createEntries('s', 3)) assert.ok(await host.appendSessionLog('s', e, urlOf(service.url, 's')))
  const host2 = await startHost(t, { env: { HTTP_PROXY: tiny.url.replace('//', '//us%65r:pass@') } })
  for (const e of createEntries('s2', 3)) assert.ok(await host2.appendSessionLog('s2', e, urlOf(service.url, 's2')))
  console.log(await squid.stopAndReadLog(), await tiny.readLog(), service.headers)
})
