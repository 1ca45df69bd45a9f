// Appending on the wire: what the tests of the core (append_tests.rs), whose server is a script, do not show. See
// specification.md, section 3.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { createGate, createLogs, serve, serveInOrder } from './support/server.mjs'

const { appendSessionLog } = addon

test('an append is one PUT of the entry as JSON, with the token and the head', async (t) => {
  useHost(t)
  const server = await serveInOrder(t, { status: 201 }, { status: 200 })
  const [first, second] = [createEntry({ text: 'größer 𝒳' }), createEntry()]
  assert.equal(await appendSessionLog('s', first, `${server.url}/log?a=b#c`), true)
  assert.equal(await appendSessionLog('s', second, `${server.url}/log?a=b#c`), true)

  const [{ method, url, headers, body }, next] = server.requests
  assert.equal(method, 'PUT')
  assert.equal(url, '/log?a=b')
  assert.equal(body.toString(), JSON.stringify(first))
  assert.equal(headers.authorization, 'Bearer token')
  assert.equal(headers['content-type'], 'application/json')
  assert.equal(headers.accept, 'application/json, text/plain, */*')
  assert.match(headers['user-agent'] ?? '', /^session-ingress\/\d+\.\d+\.\d+$/)
  assert.equal(headers['last-uuid'], undefined)
  assert.equal(next.headers['last-uuid'], first.uuid)
})

test('the user agent names the version of the package', async (t) => {
  useHost(t)
  const { default: manifest } = await import('../package.json', { with: { type: 'json' } })
  const server = await serveInOrder(t, { status: 201 })
  await appendSessionLog('s', createEntry(), server.url)
  assert.equal(server.requests[0].headers['user-agent'], `session-ingress/${manifest.version}`)
})

test('sixty appends at once on one session arrive in order, each continuing from the one before', async (t) => {
  useHost(t)
  const { logs, handler } = createLogs()
  const server = await serve(t, handler)
  const entries = Array.from({ length: 60 }, () => createEntry())
  const results = await Promise.all(entries.map((entry) => appendSessionLog('s', entry, `${server.url}/log`)))

  assert.deepEqual(results, Array(60).fill(true))
  assert.deepEqual(logs.get('/log'), entries)
  const heads = server.requests.map(({ headers }) => headers['last-uuid'])
  assert.deepEqual(heads, [undefined, ...entries.slice(0, -1).map(({ uuid }) => uuid)])
  assert.equal(server.connections.size, 1, 'one connection serves them all')
})

test('entries of ten sessions are sent beside each other', async (t) => {
  useHost(t)
  const { open, opened } = createGate()
  const server = await serve(t, async () => {
    // Nobody has a response until everybody is there.
    if (server.requests.length === 10) open()
    await opened
    return { status: 201 }
  })
  const appends = Array.from({ length: 10 }, (_, index) =>
    appendSessionLog(`s${index}`, createEntry(), `${server.url}/${index}`),
  )
  assert.deepEqual(await Promise.all(appends), Array(10).fill(true))
})

test('an entry is sent as it was at the moment of the call', async (t) => {
  useHost(t)
  const server = await serveInOrder(t, { status: 500 }, { status: 201 })
  const entry = { ...createEntry(), text: 'before' }
  const appended = appendSessionLog('s', entry, server.url)
  entry.text = 'after'
  await appended
  assert.deepEqual(
    server.requests.map((request) => request.json().text),
    ['before', 'before'],
  )
})

test('an entry is serialised once, whatever the number of attempts', async (t) => {
  useHost(t)
  const server = await serveInOrder(t, { status: 500 }, { status: 500 }, { status: 201 })
  let serialised = 0
  const entry = createEntry({ toJSON: () => ({ serialised: ++serialised }) })
  assert.equal(await appendSessionLog('s', entry, server.url), true)
  assert.deepEqual(
    server.requests.map(({ body }) => body.toString()),
    Array(3).fill('{"serialised":1}'),
  )
})

test('what a toJSON appends comes before the entry that it belongs to', async (t) => {
  useHost(t)
  const { logs, handler } = createLogs()
  const server = await serve(t, handler)
  const inner = createEntry()
  /** @type {Promise<boolean>} */
  let nested = Promise.resolve(false)
  const outer = createEntry({
    toJSON() {
      nested = appendSessionLog('s', inner, `${server.url}/log`)
      return { uuid: this.uuid }
    },
  })
  assert.equal(await appendSessionLog('s', outer, `${server.url}/log`), true)
  assert.equal(await nested, true)
  assert.deepEqual(
    logs.get('/log')?.map(({ uuid }) => uuid),
    [inner.uuid, outer.uuid],
  )
})

test('a failed entry does not stop the queue: the next one continues from the head as it stands', async (t) => {
  useHost(t, { retry: { maxAttempts: 1 } })
  const server = await serveInOrder(t, { status: 201 }, { status: 400 }, { status: 201 })
  const entries = [createEntry(), createEntry(), createEntry()]
  const results = await Promise.all(entries.map((entry) => appendSessionLog('s', entry, server.url)))
  assert.deepEqual(results, [true, false, true])
  assert.equal(server.requests[2].headers['last-uuid'], entries[0].uuid)
})

test('the uuid of the head is sent byte for byte as it came', async (t) => {
  useHost(t)
  const server = await serveInOrder(
    t,
    { status: 409, headers: { 'x-last-uuid': Buffer.from('Größe').toString('latin1') } },
    { status: 201 },
    { status: 201 },
  )
  await appendSessionLog('s', { uuid: 'MiXeD' }, server.url)
  await appendSessionLog('s', createEntry(), server.url)
  const heads = server.requests.map(({ headers }) => Buffer.from(String(headers['last-uuid']), 'latin1').toString())
  assert.deepEqual(heads, ['undefined', 'Größe', 'MiXeD'])
})

test('a session goes on from the head of the log that was read', async (t) => {
  useHost(t)
  const server = await serveInOrder(t, { body: { loglines: [{ uuid: 'a' }, { uuid: 'b' }] } }, { status: 201 })
  await addon.getSessionLogs('s', server.url)
  await appendSessionLog('s', createEntry(), server.url)
  assert.equal(server.requests[1].headers['last-uuid'], 'b')
})

test('a large entry arrives whole', async (t) => {
  useHost(t)
  const server = await serveInOrder(t, { status: 201 })
  const entry = createEntry({ text: 'ä\n"'.repeat(3_000_000) })
  assert.equal(await appendSessionLog('s', entry, server.url), true)
  assert.deepEqual(server.requests[0].json(), entry)
})
