// Reading teleport events, page by page: specification.md, section 5.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { serve, serveInOrder } from './support/server.mjs'

/** @param {import('node:test').TestContext} t @param {...any} responses */
async function start(t, ...responses) {
  const server = await serveInOrder(t, ...responses)
  const host = useHost(t, { getOauthConfig: () => ({ BASE_API_URL: server.url }) })
  return { server, host, read: () => addon.getTeleportEvents('s', 'access', 'org') }
}

/** A page of events. @param {unknown[]} payloads @param {unknown} [cursor] */
function page(payloads, cursor) {
  const data = payloads.map((payload) => ({
    event_id: 'e',
    event_type: 'user',
    is_compaction: false,
    payload,
    created_at: '2026-01-01T00:00:00Z',
  }))
  return { body: { data, next_cursor: cursor } }
}

test('teleport events give their payloads in page order, and echo the cursor until there is none', async (t) => {
  const entries = [createEntry(), createEntry(), createEntry()]
  const { server, read } = await start(
    t,
    page([entries[0]], 'a/b+c=&d ü'),
    page([entries[1]], ''),
    page([], 17),
    page([entries[2]], null),
  )
  assert.deepEqual(await read(), entries)
  const path = '/v1/code/sessions/s/teleport-events?limit=1000'
  assert.deepEqual(
    server.requests.map(({ url }) => url),
    [path, `${path}&cursor=a%2Fb%2Bc%3D%26d%20%C3%BC`, `${path}&cursor=`, `${path}&cursor=17`],
  )
})

test('a teleport event whose payload is null or missing is skipped', async (t) => {
  const { read } = await start(t, { body: { data: [{ payload: null }, {}, { payload: { a: 1 } }, { payload: 0 }] } })
  assert.deepEqual(await read(), [{ a: 1 }, 0])
})

test('an empty page of teleport events gives an empty list', async (t) => {
  const { read } = await start(t, { body: { data: [] } })
  assert.deepEqual(await read(), [])
})

test('a page of teleport events of another shape gives null', async (t) => {
  for (const body of [
    {},
    { data: {} },
    { data: [null] },
    { data: [[]] },
    { data: [], next_cursor: {} },
    '{"data":[',
    '',
  ]) {
    const { read, host } = await start(t, page([1], 'c'), { body })
    assert.equal(await read(), null)
    assert.deepEqual(host.diagnostics, [['error', 'teleport_events_invalid_shape']])
    assert.equal(host.errors.length, 1)
  }
})

test('a 404 on the first page of teleport events gives null', async (t) => {
  const { read, host } = await start(t, { status: 404 })
  assert.equal(await read(), null)
  assert.deepEqual(host.diagnostics, [['warn', 'teleport_events_not_found']])
  assert.deepEqual(host.errors, [])
})

test('a 404 on a later page of teleport events gives what was read so far', async (t) => {
  const { read, host } = await start(t, page([{ a: 1 }], 'c'), { status: 404 })
  assert.deepEqual(await read(), [{ a: 1 }])
  assert.deepEqual(host.events, ['teleport_events_not_found'])
})

test('a 401 on any page of teleport events rejects', async (t) => {
  for (const responses of [[{ status: 401 }], [page([1], 'c'), { status: 401 }]]) {
    const { read, host } = await start(t, ...responses)
    await assert.rejects(read(), (error) => {
      assert.ok(error instanceof Error)
      assert.equal(error.message, 'Your session has expired. Please run /login to sign in again.')
      return true
    })
    assert.deepEqual(host.diagnostics, [['error', 'teleport_events_bad_token']])
    assert.deepEqual(host.errors, [])
  }
})

test('any other status on any page of teleport events gives null', async (t) => {
  for (const [status, event] of /** @type {[number, string][]} */ ([
    [204, 'teleport_events_bad_status'],
    [403, 'teleport_events_bad_status'],
    [429, 'teleport_events_bad_status'],
    [500, 'teleport_events_fetch_fail'],
    [503, 'teleport_events_fetch_fail'],
  ])) {
    for (const responses of [[{ status }], [page([1], 'c'), { status }]]) {
      const { read, host } = await start(t, ...responses)
      assert.equal(await read(), null)
      assert.deepEqual(host.diagnostics, [['error', event]])
      assert.equal(host.errors.length, 1)
    }
  }
})

test('a server that does not respond on any page of teleport events gives null', async (t) => {
  for (const pages of [[], [page([1], 'c')]]) {
    // A second page may be asked for twice: a connection that is used again may have been closed for idleness.
    const server = await serve(t, (_request, response, index) => pages[index] ?? void response.destroy())
    const host = useHost(t, { getOauthConfig: () => ({ BASE_API_URL: server.url }) })
    assert.equal(await addon.getTeleportEvents('s', 'access', 'org'), null)
    assert.deepEqual(host.diagnostics, [['error', 'teleport_events_fetch_fail']])
    assert.equal(host.errors.length, 1)
  }
})

test('a hundred pages of teleport events are read, and no more', async (t) => {
  const server = await serve(t, (_request, _response, index) => page([index], 'c'))
  const host = useHost(t, { getOauthConfig: () => ({ BASE_API_URL: server.url }) })
  const entries = await addon.getTeleportEvents('s', 'access', 'org')
  assert.deepEqual(
    entries,
    Array.from({ length: 100 }, (_, index) => index),
  )
  assert.equal(server.requests.length, 100)
  assert.deepEqual(host.diagnostics, [['warn', 'teleport_events_page_cap']])
  assert.equal(host.errors.length, 1)
})
