// `configure({ headers })`: what a host sends along with each request, such as traceparent.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addon, createEntry, QUICK, useHost } from './support/addon.mjs'
import { createGate, serve, serveInOrder } from './support/server.mjs'

const { appendSessionLog, getSessionLogs, getSessionLogsViaOAuth, getTeleportEvents } = addon

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

test('headers of the host go along with every request of a call, and are asked for once', async (t) => {
  const server = await serveInOrder(
    t,
    { status: 500 },
    { status: 409 },
    { body: { loglines: [{ uuid: 'theirs' }] } },
    { status: 201 },
    { body: { loglines: [] } },
    { body: { loglines: [] } },
    { body: { data: [], next_cursor: 'c' } },
    { body: { data: [] } },
  )
  let calls = 0
  useHost(t, {
    getOauthConfig: () => ({ BASE_API_URL: server.url }),
    headers: () => ({ traceparent: TRACEPARENT, 'x-call': String(++calls) }),
  })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  await getSessionLogs('s', server.url)
  await getSessionLogsViaOAuth('s', 'token', 'org')
  await getTeleportEvents('s', 'token', 'org')
  assert.deepEqual(
    server.requests.map(({ headers }) => headers['x-call']),
    ['1', '1', '1', '1', '2', '3', '4', '4'],
  )
  assert.ok(server.requests.every(({ headers }) => headers.traceparent === TRACEPARENT))
})

test('they come with a renewed token too, and differ from one append to the next', async (t) => {
  const server = await serveInOrder(t, { status: 401 }, { status: 201 }, { status: 201 })
  let [tokens, calls] = [0, 0]
  useHost(t, {
    getSessionIngressAuthToken: () => `token-${++tokens}`,
    headers: () => ({ 'x-call': String(++calls) }),
  })
  await appendSessionLog('s', createEntry(), server.url)
  await appendSessionLog('s', createEntry(), server.url)
  assert.deepEqual(
    server.requests.map(({ headers }) => [headers['x-call'], headers.authorization]),
    [
      ['1', 'Bearer token-1'],
      ['1', 'Bearer token-2'],
      ['2', 'Bearer token-3'],
    ],
  )
})

test('what cannot go along is named, and costs nothing else', async (t) => {
  const server = await serve(t, () => ({ status: 201 }))
  const bad = /** @type {any} */ ({
    Authorization: 'Bearer stolen',
    'last-uuid': 'forged',
    'Content-Type': 'text/plain',
    'a b': '1',
    'x-lines': 'a\r\nb',
    'x-number': 5,
    'x-good': 'yes',
  })
  const host = useHost(t, { headers: () => bad })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  const [{ headers }] = server.requests
  assert.equal(headers.authorization, 'Bearer token')
  assert.equal(headers['content-type'], 'application/json')
  assert.equal(headers['x-good'], 'yes')
  assert.equal('last-uuid' in headers || 'x-lines' in headers || 'x-number' in headers, false)
  const messages = host.errors.map(({ message }) => message)
  for (const name of ['authorization', 'last-uuid', 'content-type', '"a b"', 'x-lines', 'x-number']) {
    assert.equal(messages.filter((message) => message.includes(name)).length, 1, name)
  }
  assert.equal(messages.length, 6)
  assert.ok(host.errors.every(({ code }) => code === 'ERR_SESSION_INGRESS_BAD_HEADER'))
  assert.ok(host.errors.every(({ sessionId }) => sessionId === 's'))
  assert.ok(!messages.some((message) => message.includes('stolen') || message.includes('forged')))
})

test('a function that throws, or gives no object of strings, is told, and the entry is stored', async (t) => {
  const server = await serve(t, () => ({ status: 201 }))
  const throws = () => {
    throw new Error('no context')
  }
  for (const headers of [throws, async () => ({}), () => [], () => 'x', () => new Map(), () => undefined]) {
    const host = useHost(t, { headers: /** @type {any} */ (headers) })
    assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
    assert.equal(host.errors.length, 1)
    assert.match(host.errors[0].message, headers === throws ? /no context/ : /headers must return an object of strings/)
  }
})

test('headers that getOAuthHeaders gives are not replaced', async (t) => {
  const server = await serveInOrder(t, { body: { loglines: [] } })
  const own = { 'anthropic-version': 'own', 'x-both': 'oauth' }
  useHost(t, {
    getOauthConfig: () => ({ BASE_API_URL: server.url }),
    getOAuthHeaders: () => own,
    headers: () => ({ 'x-both': 'headers', 'X-More': 'headers' }),
  })
  await getSessionLogsViaOAuth('s', 'token', 'org')
  const { headers } = server.requests[0]
  assert.deepEqual([headers['x-both'], headers['x-more'], headers['anthropic-version']], ['oauth', 'headers', 'own'])
})

test('a redirect to another origin does not take them along', async (t) => {
  const other = await serveInOrder(t, { body: { loglines: [] } })
  const server = await serveInOrder(t, { status: 302, headers: { location: other.url } })
  useHost(t, { headers: () => ({ traceparent: TRACEPARENT }) })
  assert.deepEqual(await getSessionLogs('s', server.url), [])
  assert.equal(server.requests[0].headers.traceparent, TRACEPARENT)
  assert.equal(other.requests[0].headers.traceparent, undefined)
})

test('an append that is waiting keeps the headers of its call, and null asks for none', async (t) => {
  const { open, opened } = createGate()
  const server = await serve(t, async () => {
    await opened
    return { status: 201 }
  })
  let name = 'first'
  useHost(t, { retry: QUICK, headers: () => ({ 'x-name': name }) })
  const appends = [appendSessionLog('s', createEntry(), server.url), appendSessionLog('s', createEntry(), server.url)]
  name = 'second'
  addon.configure({ headers: null })
  appends.push(appendSessionLog('s', createEntry(), server.url))
  open()
  assert.deepEqual(await Promise.all(appends), [true, true, true])
  assert.deepEqual(
    server.requests.map(({ headers }) => headers['x-name']),
    ['first', 'first', undefined],
  )
})

test('configure refuses headers that are no function', () => {
  const headers = /** @type {any} */ ({ traceparent: TRACEPARENT })
  assert.throws(() => addon.configure({ headers }), { name: 'TypeError', message: /headers/ })
})
