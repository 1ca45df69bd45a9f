// Connections that a server, or something between, closes while they are idle: specification.md, section 8.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { addon, createEntry, QUICK, useHost } from './support/addon.mjs'
import { startRelay } from './support/relay.mjs'
import { serve } from './support/server.mjs'

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
 * @param {(index: number) => import('./support/server.mjs').Answer} [put] what a PUT is answered with
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
