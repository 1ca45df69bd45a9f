// `onProgress`: how far a read is.

import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { serve } from './support/server.mjs'

const { getSessionLogs, getSessionLogsViaOAuth, getTeleportEvents } = addon

/** @typedef {import('../index.js').ReadProgress} ReadProgress */

/** A recorder of what `onProgress` is told. */
function follow() {
  /** @type {ReadProgress[]} */
  const told = []
  return { told, onProgress: (/** @type {ReadProgress} */ progress) => told.push(progress) }
}

/** @param {ReadProgress[]} told */
function assertGrowing(told) {
  for (const key of /** @type {const} */ (['entries', 'bytes', 'pages'])) {
    const figures = told.map((progress) => progress[key])
    assert.deepEqual(
      figures,
      [...figures].sort((a, b) => a - b),
      `${key} grow`,
    )
  }
}

test('onProgress of a short read is called once, at its end, with all figures', async (t) => {
  useHost(t)
  const body = JSON.stringify({ loglines: [1, 2, 3] })
  const server = await serve(t, () => ({ body }))
  addon.configure({ getOauthConfig: () => ({ BASE_API_URL: server.url }) })
  for (const read of [
    (/** @type {any} */ options) => getSessionLogs('s', server.url, options),
    (/** @type {any} */ options) => getSessionLogsViaOAuth('s', 't', 'o', options),
  ]) {
    const { told, onProgress } = follow()
    assert.deepEqual(await read({ onProgress }), [1, 2, 3])
    // On a slow machine there may be calls before.
    assert.deepEqual(told.at(-1), { entries: 3, bytes: body.length, pages: 1 })
  }
})

test('onProgress is called at the end for an empty log, and for one that the server does not have', async (t) => {
  useHost(t)
  const body = '{"loglines":[]}'
  const server = await serve(t, (_request, _response, index) => (index === 0 ? { body } : { status: 404, body }))
  const { told, onProgress } = follow()
  assert.deepEqual(await getSessionLogs('s', server.url, { onProgress }), [])
  assert.deepEqual(told.at(-1), { entries: 0, bytes: body.length, pages: 1 })
  assert.deepEqual(await getSessionLogs('s', server.url, { onProgress }), [])
  assert.deepEqual(told.at(-1), { entries: 0, bytes: 0, pages: 0 })
  // On a slow machine there may be calls before the last one; of these figures there is one.
  assert.equal(told.filter(({ pages }) => pages === 1).length, 1)
})

test('onProgress is not called at the end of a read that gives null', async (t) => {
  useHost(t)
  const server = await serve(t, (_request, _response, index) => (index === 0 ? { status: 500 } : { body: 'no JSON' }))
  const { told, onProgress } = follow()
  for (const _ of [1, 2]) assert.equal(await getSessionLogs('s', server.url, { onProgress }), null)
  // On a slow machine there may be a call before the end, which is a page of status 200 that was read.
  assert.ok(told.every(({ pages }) => pages === 0))
})

test('onProgress counts bytes after decompression', async (t) => {
  useHost(t)
  const body = JSON.stringify({ loglines: ['x'.repeat(100_000)] })
  const server = await serve(t, () => ({ headers: { 'content-encoding': 'gzip' }, body: gzipSync(body) }))
  const { told, onProgress } = follow()
  await getSessionLogs('s', server.url, { onProgress })
  assert.deepEqual(told.at(-1), { entries: 1, bytes: body.length, pages: 1 })
})

test('onProgress of teleport events counts pages, and payloads as entries', async (t) => {
  useHost(t)
  const pages = [
    { data: [{ payload: 1 }, { payload: null }, { payload: 2 }], next_cursor: 'a' },
    { data: [], next_cursor: 'b' },
    { data: [{ payload: 3 }] },
  ].map((page) => JSON.stringify(page))
  const server = await serve(t, (_request, _response, index) => ({ body: pages[index] }))
  addon.configure({ getOauthConfig: () => ({ BASE_API_URL: server.url }) })
  const { told, onProgress } = follow()
  assert.deepEqual(await getTeleportEvents('s', 't', 'o', { onProgress }), [1, 2, 3])
  assert.deepEqual(told.at(-1), { entries: 3, bytes: pages.join('').length, pages: 3 })
  assertGrowing(told)
})

test('onProgress takes back the entries of a list whose key comes a second time', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ body: '{"loglines":[1,2,3],"loglines":[4]}' }))
  const { told, onProgress } = follow()
  assert.deepEqual(await getSessionLogs('s', server.url, { onProgress }), [4])
  assert.equal(told.at(-1)?.entries, 1)
})

test('onProgress is called about 20 times a second while a long read is under way', async (t) => {
  useHost(t)
  const entry = JSON.stringify(createEntry({ text: 'x'.repeat(10_000) }))
  const server = await serve(t, async (_request, response) => {
    response.write('{"loglines":[')
    for (let n = 0; n < 400; n++) {
      response.write(`${n === 0 ? '' : ','}${entry}`)
      await sleep(1)
    }
    response.end(']}')
  })
  const { told, onProgress } = follow()
  const begun = performance.now()
  const entries = await getSessionLogs('s', server.url, { onProgress })
  const seconds = (performance.now() - begun) / 1000
  assert.equal(entries?.length, 400)
  assert.ok(told.length >= 3, `told ${told.length} times`)
  assert.ok(told.length <= seconds * 20 + 2, `told ${told.length} times in ${seconds} s`)
  assertGrowing(told)
  const { bytes, pages } = /** @type {ReadProgress} */ (told[0])
  assert.ok(bytes > 0 && pages === 0)
  assert.equal(told.at(-1)?.entries, 400)
})

test('onProgress is called once after the host was busy, with the latest figures', async (t) => {
  useHost(t)
  const entry = JSON.stringify(createEntry({ text: 'x'.repeat(10_000) }))
  const server = fork(fileURLToPath(new URL('fixtures/slow-list-server.cjs', import.meta.url)), {
    env: { ...process.env, ENTRY: entry },
  })
  t.after(() => server.kill())
  const port = await new Promise((resolve) => server.once('message', resolve))
  const { told, onProgress } = follow()
  const reading = getSessionLogs('s', `http://127.0.0.1:${port}`, { onProgress })
  const until = performance.now() + 400
  while (performance.now() < until);
  assert.equal(told.length, 0)
  assert.equal((await reading)?.length, 101)
  // One that was on its way, those of the time that is left, and the last one.
  const seconds = (performance.now() - until) / 1000
  assert.ok(told.length <= seconds * 20 + 2, `told ${told.length} times in ${seconds} s`)
  assert.equal(told.at(-1)?.entries, 101)
})

test('what onProgress throws, or what its promise rejects with, is its own affair', async (t) => {
  const host = useHost(t)
  /** @type {unknown[]} */
  const unhandled = []
  const handle = (/** @type {unknown} */ reason) => unhandled.push(reason)
  process.on('unhandledRejection', handle)
  t.after(() => process.off('unhandledRejection', handle))
  const server = await serve(t, () => ({ body: { loglines: [1] } }))
  let calls = 0
  /** @type {Promise<unknown> | undefined} */
  let another
  for (const onProgress of [
    () => {
      calls += 1
      throw new Error('from the host')
    },
    async () => {
      calls += 1
      throw new Error('from the host')
    },
    () => {
      calls += 1
      // Whatever it does meanwhile.
      addon.clearAllSessions()
      another = getSessionLogs('s', server.url)
    },
  ]) {
    assert.deepEqual(await getSessionLogs('s', server.url, { onProgress }), [1])
  }
  assert.deepEqual(await another, [1])
  assert.deepEqual([unhandled, host.errors], [[], []])
  assert.ok(calls >= 3)
})

test('onProgress is called for the last time before the promise of its read resolves', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ body: { loglines: [1] } }))
  /** @type {string[]} */
  const order = []
  await getSessionLogs('s', server.url, { onProgress: () => order.push('progress') }).then(() => order.push('result'))
  assert.deepEqual(order.slice(-2), ['progress', 'result'])
  assert.equal(order.indexOf('result'), order.length - 1)
})
