// Time limits: specification.md, section 8.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { performance } from 'node:perf_hooks'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { listenFull } from './support/full-listener.mjs'
import { serve } from './support/server.mjs'

const { appendSessionLog, getSessionLogs } = addon

test('an attempt without a response ends after appendMs, by name', async (t) => {
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

test('a read whose body stalls ends after fetchMs', async (t) => {
  const host = useHost(t, { timeouts: { fetchMs: 500 } })
  const server = await serve(t, (_request, response) => void response.write('{"loglines":['))
  assert.equal(await getSessionLogs('s', server.url), null)
  assert.deepEqual(host.diagnostics, [['error', 'session_get_fail_status', { status: 200 }]])
})

test('a read whose slow body moves may take longer than fetchMs in all', async (t) => {
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

test('a timeout of 0 is no limit', async (t) => {
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

test('an attempt to append a large entry has a second longer for each 64 KiB', async (t) => {
  const host = useHost(t, { timeouts: { appendMs: 20 }, retry: { maxAttempts: 1 } })
  const server = await serve(t, () => {})
  const start = performance.now()
  assert.equal(await appendSessionLog('s', createEntry({ text: 'x'.repeat(64 * 1024) }), server.url), false)
  assert.ok(performance.now() - start >= 1000)
  assert.match(host.errors[0].message, /1020 ms \(timeouts\.appendMs\)/)
})

/** Appends of which nothing was sent leave no doubt: made again, they begin with the PUT. @param {import('node:test').TestContext} t @param {{ uuid: string }} entry */
async function assertNoDoubt(t, entry) {
  addon.configure({ timeouts: null })
  const server = await serve(t, () => ({ status: 201 }))
  assert.equal(await appendSessionLog('s', entry, server.url), true)
  assert.deepEqual(
    server.requests.map(({ method }) => method),
    ['PUT'],
  )
}

/** A server that accepts connections and says nothing. @param {import('node:test').TestContext} t */
async function listenSilently(t) {
  const sockets = new Set()
  const silent = createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
  return /** @type {import('node:net').AddressInfo} */ (silent.address()).port
}

test('a TLS handshake that hangs ends after connectMs, by name, and leaves no entry in doubt', async (t) => {
  const host = useHost(t, { timeouts: { connectMs: 50 }, retry: { maxAttempts: 1 } })
  const port = await listenSilently(t)
  const entry = createEntry()
  assert.equal(await appendSessionLog('s', entry, `https://127.0.0.1:${port}/`), false)
  assert.match(host.errors[0].message, /no connection within 50 ms \(timeouts\.connectMs\)/)
  assert.equal(await getSessionLogs('s', `https://127.0.0.1:${port}/`), null)
  assert.match(host.errors[1].message, /no connection within 50 ms \(timeouts\.connectMs\)/)
  await assertNoDoubt(t, entry)
})

test('a connect that hangs ends after connectMs, by name, and leaves no entry in doubt', {
  skip: process.platform === 'win32' && 'a process cannot be put to sleep',
}, async (t) => {
  const port = await listenFull(t)
  const host = useHost(t, { timeouts: { connectMs: 100 }, retry: { maxAttempts: 1 } })
  const entry = createEntry()
  assert.equal(await appendSessionLog('s', entry, `http://127.0.0.1:${port}/`), false)
  assert.match(host.errors[0].message, /no connection within 100 ms \(timeouts\.connectMs\)/)
  await assertNoDoubt(t, entry)
})

test('appendMs holds for connecting too, and leaves no entry in doubt', async (t) => {
  const host = useHost(t, { timeouts: { connectMs: 0, appendMs: 50 }, retry: { maxAttempts: 1 } })
  const port = await listenSilently(t)
  const entry = createEntry()
  assert.equal(await appendSessionLog('s', entry, `https://127.0.0.1:${port}/`), false)
  assert.match(host.errors[0].message, /nothing was sent within 50 ms \(timeouts\.appendMs\)/)
  await assertNoDoubt(t, entry)
})

test('an entry that was sent without a response is in doubt', async (t) => {
  useHost(t, { timeouts: { appendMs: 1000 }, retry: { maxAttempts: 1 } })
  const silent = await serve(t, () => {})
  const entry = createEntry()
  assert.equal(await appendSessionLog('s', entry, silent.url), false)
  addon.configure({ timeouts: null })
  const server = await serve(t, ({ method }) => (method === 'PUT' ? { status: 201 } : { body: { loglines: [] } }))
  assert.equal(await appendSessionLog('s', entry, server.url), true)
  assert.deepEqual(
    server.requests.map(({ method }) => method),
    ['GET', 'PUT'],
  )
})

test('an append to where nobody listens leaves no entry in doubt', async (t) => {
  const host = useHost(t, { retry: { maxAttempts: 1 } })
  const { port, server } = await serve(t, () => {})
  server.close()
  await once(server, 'close')
  const entry = createEntry()
  assert.equal(await appendSessionLog('s', entry, `http://127.0.0.1:${port}/`), false)
  assert.match(host.errors[0].message, /no connection: .*refused/)
  assert.equal(await appendSessionLog('s', entry, 'http://no-such-host.invalid/'), false)
  assert.match(host.errors[1].message, /no connection: /)
  await assertNoDoubt(t, entry)
})
