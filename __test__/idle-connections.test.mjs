// Connections that a server, or something between, closes while they are idle: specification.md, section 8.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { addon, createEntry, QUICK, useHost } from './support/addon.mjs'
import { startRelay } from './support/relay.mjs'
import { createGate, serve } from './support/server.mjs'

const { appendSessionLog, getSessionLogs, sessionStats } = addon

/** @typedef {import('node:net').Socket} Socket */

/** How a connection is closed; resolves when the other end knows, or can. @type {[string, (socket: Socket) => Promise<unknown>][]} */
const WAYS = [
  ['ended', (socket) => once(socket.end(), 'close')],
  ['reset', async (socket) => socket.resetAndDestroy()],
]

/**
 * A server behind a relay that does something to a connection when its second request comes.
 *
 * @param {import('node:test').TestContext} t
 * @param {(socket: Socket) => unknown} [onSecond] the request is not passed on
 * @param {(index: number) => import('./support/server.mjs').ScriptedResponse} [put] the response to a PUT
 */
async function serveThroughRelay(t, onSecond, put = () => ({ status: 201 })) {
  const server = await serve(t, ({ method }, _, index) => (method === 'PUT' ? put(index) : { body: { loglines: [1] } }))
  const relay = await startRelay(t, server.port, {
    onData: ({ client, index, received }) => {
      if (onSecond === undefined || index > 0 || received === 1) return false
      onSecond(client)
      return true
    },
  })
  return { server, relay, url: `http://127.0.0.1:${relay.port}` }
}

for (const [how, close] of WAYS) {
  test(`a connection that was ${how} while idle costs no attempt`, async (t) => {
    const host = useHost(t)
    const { server, relay, url } = await serveThroughRelay(t)
    for (let round = 0; round < 20; round++) {
      assert.equal(await appendSessionLog('s', createEntry(), url), true)
      assert.equal(relay.connections.length, round + 1)
      await close(relay.connections[round].client)
    }
    assert.deepEqual(await getSessionLogs('s', url), [1])
    assert.equal(server.requests.length, 21)
    assert.deepEqual([host.diagnostics, host.errors, sessionStats('s').retries], [[], [], 0])
  })

  test(`an append that was written to a connection that is then ${how} is a failed attempt`, async (t) => {
    const host = useHost(t)
    const { server, url } = await serveThroughRelay(t, close)
    assert.equal(await appendSessionLog('s', createEntry(), url), true)
    assert.equal(await appendSessionLog('s', createEntry(), url), true)
    assert.equal(server.requests.length, 2)
    assert.deepEqual(host.diagnostics, [['error', 'session_persist_fail_status', { attempt: 1 }]])
    assert.equal(sessionStats('s').retries, 1)
  })

  test(`a read that was written to a connection that is then ${how} is repeated without a report`, async (t) => {
    const host = useHost(t)
    const { server, relay, url } = await serveThroughRelay(t, close)
    assert.deepEqual(await getSessionLogs('s', url), [1])
    assert.deepEqual(await getSessionLogs('s', url), [1])
    assert.deepEqual([server.requests.length, relay.connections.length], [2, 2])
    assert.deepEqual([host.diagnostics, host.errors], [[], []])
  })
}

test('an entry that was written to a connection that broke is in doubt', async (t) => {
  useHost(t, { retry: { ...QUICK, maxAttempts: 1 } })
  const conflict = { status: 409, headers: { 'x-last-uuid': 'theirs' } }
  const { server, url } = await serveThroughRelay(
    t,
    (socket) => socket.destroy(),
    (index) => (index === 0 ? { status: 201 } : conflict),
  )
  const entry = createEntry()
  assert.equal(await appendSessionLog('s', createEntry(), url), true)
  assert.equal(await appendSessionLog('s', entry, url), false)
  await appendSessionLog('s', entry, url)
  assert.deepEqual(
    server.requests.map(({ method }) => method),
    ['PUT', 'PUT', 'GET'],
    'after a conflict it is looked for',
  )
})

test('a read over a new connection that breaks is not repeated', async (t) => {
  const host = useHost(t)
  const server = await serve(t, (_request, response) => void response.destroy())
  assert.equal(await getSessionLogs('s', server.url), null)
  assert.equal(server.requests.length, 1)
  assert.deepEqual(host.diagnostics, [['error', 'session_get_fail_status', {}]])
})

test('a read whose response has begun is not repeated', async (t) => {
  const host = useHost(t)
  const server = await serve(t, (_request, response, index) => {
    if (index === 0) return { body: { loglines: [] } }
    response.write('{"loglines":[', () => response.destroy())
  })
  assert.deepEqual(await getSessionLogs('s', server.url), [])
  assert.equal(await getSessionLogs('s', server.url), null)
  assert.equal(server.requests.length, 2)
  assert.deepEqual(host.diagnostics, [['error', 'session_get_fail_status', { status: 200 }]])
})

/**
 * A server behind a relay, with eight idle connections on which nothing comes any more, as after a laptop was closed.
 *
 * @param {import('node:test').TestContext} t
 */
async function serveWithEightDead(t) {
  let [arrived, isDead] = [0, false]
  const { open, opened } = createGate()
  const server = await serve(t, async ({ method }) => {
    if (method === 'PUT') return { status: 201 }
    arrived += 1
    if (arrived === 8) open()
    await opened
    return { body: { loglines: [1] } }
  })
  const relay = await startRelay(t, server.port, { onData: ({ index }) => isDead && index < 8 })
  const url = `http://127.0.0.1:${relay.port}`
  await Promise.all(Array.from({ length: 8 }, () => getSessionLogs('s', url)))
  assert.equal(relay.connections.length, 8)
  isDead = true
  return { url, relay }
}

test('of eight dead idle connections a read meets one, and is repeated over a new connection', async (t) => {
  const host = useHost(t, { timeouts: { fetchMs: 1000 } })
  const { url, relay } = await serveWithEightDead(t)
  assert.deepEqual(await getSessionLogs('s', url), [1])
  assert.equal(await appendSessionLog('s', createEntry(), url), true)
  assert.equal(relay.connections.length, 9)
  assert.deepEqual([host.diagnostics, host.errors], [[], []])
})

test('of eight dead idle connections an append meets one, and its next attempt has a new connection', async (t) => {
  const host = useHost(t, { timeouts: { appendMs: 1000 } })
  const { url, relay } = await serveWithEightDead(t)
  assert.equal(await appendSessionLog('s', createEntry(), url), true)
  assert.deepEqual(await getSessionLogs('s', url), [1])
  assert.equal(relay.connections.length, 9)
  assert.deepEqual(host.diagnostics, [['error', 'session_persist_fail_status', { attempt: 1 }]])
})

test('eight reads at once over eight dead idle connections are each repeated', async (t) => {
  const host = useHost(t, { timeouts: { fetchMs: 1000 } })
  const { url } = await serveWithEightDead(t)
  const reads = Array.from({ length: 8 }, () => getSessionLogs('s', url))
  assert.deepEqual(await Promise.all(reads), Array(8).fill([1]))
  assert.deepEqual([host.diagnostics, host.errors], [[], []])
})

test('a read without a response is repeated once where its connection was used before, and else not', async (t) => {
  const host = useHost(t, { timeouts: { fetchMs: 300 } })
  const server = await serve(t, ({ method }) => (method === 'PUT' ? { status: 201 } : undefined))
  assert.equal(await getSessionLogs('s', server.url), null)
  assert.equal(server.requests.length, 1)
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.equal(await getSessionLogs('s', server.url), null)
  assert.deepEqual(
    server.requests.map(({ method, connection }) => `${method} ${connection}`),
    ['GET 0', 'PUT 1', 'GET 1', 'GET 2'],
  )
  assert.deepEqual(host.diagnostics, Array(2).fill(['error', 'session_get_fail_status', {}]))
})
