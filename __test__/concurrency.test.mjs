// How many requests are under way at once: specification.md, section 8.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { createGate, serve } from './support/server.mjs'

const { appendSessionLog } = addon

/** A server that counts who is there at once, and responds when `count` are. @param {import('node:test').TestContext} t @param {number} count */
async function startCounting(t, count) {
  const { open, opened } = createGate()
  const seen = { now: 0, most: 0 }
  const server = await serve(t, async () => {
    seen.now += 1
    seen.most = Math.max(seen.most, seen.now)
    if (seen.now === count) open()
    await opened
    seen.now -= 1
    return { status: 201 }
  })
  const appendAll = (/** @type {number} */ sessions) =>
    Promise.all(
      Array.from({ length: sessions }, (_, index) => appendSessionLog(`s${index}`, createEntry(), server.url)),
    )
  return { seen, appendAll }
}

test('at most 128 requests are under way by default', async (t) => {
  useHost(t)
  const { seen, appendAll } = await startCounting(t, 128)
  assert.deepEqual(await appendAll(300), Array(300).fill(true))
  assert.equal(seen.most, 128)
})

test('a host sets the limit of concurrent requests, and restores the default', async (t) => {
  useHost(t, { limits: { maxConcurrentRequests: 3 } })
  const few = await startCounting(t, 3)
  assert.deepEqual(await few.appendAll(20), Array(20).fill(true))
  assert.equal(few.seen.most, 3)

  addon.configure({ limits: null })
  const many = await startCounting(t, 20)
  await many.appendAll(20)
  assert.equal(many.seen.most, 20)
})

test('a session that waits for its next attempt holds no permit', async (t) => {
  useHost(t, { limits: { maxConcurrentRequests: 1 }, retry: { baseDelayMs: 50, maxDelayMs: 50 } })
  const order = /** @type {string[]} */ ([])
  const server = await serve(t, (request) => {
    order.push(request.url)
    return { status: request.url === '/waits' && order.length === 1 ? 500 : 201 }
  })
  const results = await Promise.all(
    ['waits', 'passes'].map((name) => appendSessionLog(name, createEntry(), `${server.url}/${name}`)),
  )
  assert.deepEqual(results, [true, true])
  assert.deepEqual(order, ['/waits', '/passes', '/waits'])
})
