// Worker threads: state by environment, connections by process.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { startWorker } from './support/child.mjs'
import { createGate, serve } from './support/server.mjs'

test('a worker has heads and callbacks of its own', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ status: 201 }))
  const entry = createEntry()
  await addon.appendSessionLog('s', entry, server.url)
  const worker = startWorker({ url: server.url, what: 'append' })
  // Asked for at once: a worker that ends may have its last message delivered with its end.
  const [message, exit] = await Promise.all([once(worker, 'message'), once(worker, 'exit')])
  assert.deepEqual([message, exit], [[true], [0]])
  await addon.appendSessionLog('s', createEntry(), server.url)
  assert.deepEqual(
    server.requests.map(({ headers }) => [headers.authorization, headers['last-uuid']]),
    [
      ['Bearer token', undefined],
      ['Bearer worker', undefined],
      ['Bearer token', entry.uuid],
    ],
  )
  assert.equal(server.connections.size, 1, 'the connection is shared')
})

test("a worker's own process.env counts", async (t) => {
  const server = await serve(t, () => ({ status: 201 }))
  const worker = startWorker(
    { url: server.url, what: 'append with the token of the environment' },
    { ...process.env, CLAUDE_CODE_SESSION_ACCESS_TOKEN: 'of-the-worker' },
  )
  await once(worker, 'exit')
  assert.equal(server.requests[0].headers.authorization, 'Bearer of-the-worker')
})

test('what a worker had queued when it was terminated is still sent', async (t) => {
  useHost(t)
  const { open, opened } = createGate()
  const { open: all, opened: allSent } = createGate()
  const server = await serve(t, async () => {
    if (server.requests.length === 5) all()
    await opened
    return { status: 201 }
  })
  const worker = startWorker({ url: server.url, what: 'queue five entries' })
  await once(worker, 'message')
  await worker.terminate()
  open()
  await allSent
  assert.deepEqual(
    server.requests.map((request) => request.json().uuid),
    ['w0', 'w1', 'w2', 'w3', 'w4'],
  )
})

test('a worker that configures leaves the limit of concurrent requests, unless it names it', async (t) => {
  useHost(t, { limits: { maxConcurrentRequests: 2 } })
  const { open, opened } = createGate()
  const seen = { now: 0, most: 0 }
  const server = await serve(t, async () => {
    seen.now += 1
    seen.most = Math.max(seen.most, seen.now)
    // As many as are allowed are there before the first has a response.
    if (seen.now === 2) open()
    await opened
    seen.now -= 1
    return { status: 201 }
  })
  await once(startWorker({ what: 'configure what is not shared' }), 'exit')
  await Promise.all(Array.from({ length: 20 }, (_, n) => addon.appendSessionLog(`s${n}`, createEntry(), server.url)))
  assert.equal(seen.most, 2)
})
