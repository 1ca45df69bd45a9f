// Time limits: SPEC section 8.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { serve } from './support/server.mjs'

const { appendSessionLog, getSessionLogs } = addon

test('an append that is never answered ends after appendMs, by name', async (t) => {
  const host = useHost(t, { timeouts: { appendMs: 30 }, retry: { maxAttempts: 1 } })
  const server = await serve(t, () => {})
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  assert.match(host.errors[0].message, /30 ms \(timeouts\.appendMs\)/)
  assert.deepEqual(host.diagnostics[0], ['error', 'session_persist_fail_status', { attempt: 1 }])
})

test('a read whose headers do not come ends after fetchMs, by name', async (t) => {
  const host = useHost(t, { timeouts: { fetchMs: 30 } })
  const server = await serve(t, () => {})
  assert.equal(await getSessionLogs('s', server.url), null)
  assert.match(host.errors[0].message, /30 ms \(timeouts\.fetchMs\)/)
  assert.deepEqual(host.diagnostics, [['error', 'session_get_fail_status', {}]])
})

test('a body that stalls ends after fetchMs', async (t) => {
  const host = useHost(t, { timeouts: { fetchMs: 50 } })
  const server = await serve(t, (_request, response) => void response.write('{"loglines":['))
  assert.equal(await getSessionLogs('s', server.url), null)
  assert.deepEqual(host.diagnostics, [['error', 'session_get_fail_status', { status: 200 }]])
})

test('a slow body that moves is not cut, however long it takes in all', async (t) => {
  useHost(t, { timeouts: { fetchMs: 1000 } })
  const server = await serve(t, async (_request, response) => {
    response.write('{"loglines":[0')
    for (let n = 1; n < 10; n++) {
      await sleep(150)
      response.write(`,${n}`)
    }
    response.end(']}')
  })
  assert.equal((await getSessionLogs('s', server.url))?.length, 10)
})

test('0 is no limit', async (t) => {
  useHost(t, { timeouts: { connectMs: 0, appendMs: 0, fetchMs: 0 } })
  const server = await serve(t, async (request) => {
    await sleep(20)
    return request.method === 'PUT' ? { status: 201 } : { body: { loglines: [1] } }
  })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.deepEqual(await getSessionLogs('s', server.url), [1])
})

test('timeouts bind when a call is made', async (t) => {
  useHost(t, { timeouts: { fetchMs: 30 } })
  const server = await serve(t, () => {})
  const read = getSessionLogs('s', server.url)
  addon.configure({ timeouts: { fetchMs: 600_000 } })
  assert.equal(await read, null)
})

test('a connection that does not come to stand ends after connectMs, and leaves no doubt', async (t) => {
  // A TLS handshake that is never answered is part of connecting.
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const sockets = new Set()
  silent.on('connection', (socket) => sockets.add(socket))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
  const { port } = /** @type {import('node:net').AddressInfo} */ (silent.address())
  const host = useHost(t, { timeouts: { connectMs: 50 }, retry: { maxAttempts: 1 } })
  const entry = createEntry()
  assert.equal(await appendSessionLog('s', entry, `https://127.0.0.1:${port}/`), false)
  assert.match(host.errors[0].message, /50 ms \(timeouts\.connectMs\)/)

  // Nothing can be stored: made again, the append begins with the PUT.
  const server = await serve(t, () => ({ status: 201 }))
  assert.equal(await appendSessionLog('s', entry, server.url), true)
  assert.deepEqual(
    server.requests.map(({ method }) => method),
    ['PUT'],
  )
})
