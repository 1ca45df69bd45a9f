// Proxies that are handed requests whole, and close connections without a word: specification.md, section 8.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addon, createEntry, QUICK, useHost } from './support/addon.mjs'
import { createProxy } from './support/proxy.mjs'
import { createGate, createLogs, serve } from './support/server.mjs'

const { appendSessionLog, getSessionLogs } = addon

/** A proxy that responds once on each connection; what comes after that ends it. @param {import('node:test').TestContext} t */
async function createClosingProxy(t) {
  const proxy = await createProxy(t)
  const used = new WeakSet()
  let [lost, keepsNew] = [0, false]
  const [forward] = proxy.proxy.listeners('request')
  proxy.proxy.removeAllListeners('request')
  proxy.proxy.on('request', (request, response) => {
    if (used.has(request.socket)) {
      lost += 1
      request.socket.destroy()
      return
    }
    if (!keepsNew) used.add(request.socket)
    forward.call(proxy.proxy, request, response)
  })
  return {
    ...proxy,
    get lost() {
      return lost
    },
    /** Connections that are made from now on are kept. */
    keepNew() {
      keepsNew = true
    },
  }
}

test('a read that a proxy lost by closing a used connection is repeated without a word', async (t) => {
  const [server, proxy] = [await serve(t, () => ({ body: { loglines: [1] } })), await createClosingProxy(t)]
  const host = useHost(t, { proxy: proxy.url })
  for (let n = 0; n < 5; n++) assert.deepEqual(await getSessionLogs('s', server.url), [1])
  assert.deepEqual([host.errors, host.diagnostics], [[], []])
  assert.equal(server.requests.length, 5)
  assert.ok(proxy.lost > 0)
})

test('an append that a proxy lost by closing a used connection takes a second attempt', async (t) => {
  const { logs, handler } = createLogs()
  const [server, proxy] = [await serve(t, handler), await createClosingProxy(t)]
  const host = useHost(t, { retry: QUICK, proxy: proxy.url })
  const entries = Array.from({ length: 5 }, () => createEntry())
  for (const entry of entries) assert.equal(await appendSessionLog('s', entry, `${server.url}/s`), true)
  assert.deepEqual(logs.get('/s'), entries)
  assert.ok(proxy.lost > 0)
  assert.deepEqual(host.events, Array(proxy.lost).fill('session_persist_fail_status'))
})

test('a connection to a proxy is kept that does not close it', async (t) => {
  const [server, proxy] = [await serve(t, () => ({ status: 201 })), await createProxy(t)]
  useHost(t, { proxy: proxy.url })
  let connections = 0
  proxy.proxy.on('connection', () => {
    connections += 1
  })
  for (let n = 0; n < 5; n++) assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.equal(connections, 1)
})

test('reads at once, each over a used connection that a proxy closes then, are repeated over new ones', async (t) => {
  const READS = 20
  const { open, opened } = createGate()
  const all = async (
    /** @type {unknown} */ _request,
    /** @type {unknown} */ _response,
    /** @type {number} */ index,
  ) => {
    // The first reads wait for each other, so that each has a connection.
    if (index === READS - 1) open()
    if (index < READS) await opened
    return { body: { loglines: [1] } }
  }
  const [server, proxy] = [await serve(t, all), await createClosingProxy(t)]
  const host = useHost(t, { proxy: proxy.url })
  const readAll = () => Promise.all(Array.from({ length: READS }, (_, n) => getSessionLogs(`s${n}`, server.url)))
  assert.deepEqual(await readAll(), Array(READS).fill([1]))
  // A read that is repeated may share a new connection with one that was repeated before it.
  proxy.keepNew()
  assert.deepEqual(await readAll(), Array(READS).fill([1]))
  assert.ok(proxy.lost > 0)
  assert.deepEqual([host.errors, host.diagnostics], [[], []])
})
