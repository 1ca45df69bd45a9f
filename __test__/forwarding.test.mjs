// Proxies that are handed requests whole, and close connections without a word: specification.md, section 8.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { createProxy } from './support/proxy.mjs'
import { serve } from './support/server.mjs'

const { appendSessionLog, configure, getSessionLogs } = addon

/** A proxy that answers once on each connection; what comes after that ends it. @param {import('node:test').TestContext} t */
async function createClosingProxy(t) {
  const proxy = await createProxy(t)
  const used = new WeakSet()
  let lost = 0
  const [forward] = proxy.proxy.listeners('request')
  proxy.proxy.removeAllListeners('request')
  proxy.proxy.on('request', (request, response) => {
    if (used.has(request.socket)) {
      lost += 1
      request.socket.destroy()
      return
    }
    used.add(request.socket)
    forward.call(proxy.proxy, request, response)
  })
  return {
    ...proxy,
    get lost() {
      return lost
    },
  }
}

test('no read fails at a proxy that closes each connection behind its answer', async (t) => {
  const [server, proxy] = [await serve(t, () => ({ body: { loglines: [] } })), await createClosingProxy(t)]
  const host = useHost(t)
  configure({ proxy: proxy.url })
  const readThrice = async (/** @type {string} */ session) => {
    for (let n = 0; n < 3; n++) assert.deepEqual(await getSessionLogs(session, server.url), [])
  }
  await Promise.all(Array.from({ length: 20 }, (_, n) => readThrice(`s${n}`)))
  assert.deepEqual(host.errors, [])
  assert.equal(server.requests.length, 60)
  // Those that were under way when the first one was lost.
  assert.ok(proxy.lost > 0 && proxy.lost <= 20, `${proxy.lost} lost`)
})

test('one append at most is made twice there', async (t) => {
  const [server, proxy] = [await serve(t, () => ({ status: 201 })), await createClosingProxy(t)]
  const host = useHost(t)
  configure({ proxy: proxy.url })
  for (let n = 0; n < 5; n++) assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.deepEqual([proxy.lost, server.requests.length], [1, 5])
  assert.deepEqual(host.events, ['session_persist_fail_status'])
})

test('a connection to a proxy is kept that does not close it', async (t) => {
  const [server, proxy] = [await serve(t, () => ({ status: 201 })), await createProxy(t)]
  useHost(t)
  configure({ proxy: proxy.url })
  let connections = 0
  proxy.proxy.on('connection', () => {
    connections += 1
  })
  for (let n = 0; n < 5; n++) assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.equal(connections, 1)
})
