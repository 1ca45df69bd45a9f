// Reading a session's log, by token and by OAuth: specification.md, section 4.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { serve, serveInOrder } from './support/server.mjs'

/** @typedef {import('./support/server.mjs').ScriptedResponse} ScriptedResponse */
/** @typedef {import('./support/server.mjs').Handler} Handler */

/** @type {[string, (url: string) => Promise<unknown>, string][]} */
const READERS = [
  ['getSessionLogs', (url) => addon.getSessionLogs('s', `${url}/log`), '/log'],
  ['getSessionLogsViaOAuth', (url) => readByOAuth(url), '/v1/session_ingress/session/s'],
]

/** @param {string} url */
function readByOAuth(url) {
  addon.configure({ getOauthConfig: () => ({ BASE_API_URL: url }) })
  return addon.getSessionLogsViaOAuth('s', 'access', 'org')
}

/** A response whose connection is cut behind `body`. @param {string} body @returns {Handler} */
const cutBehind =
  (body, status = 200) =>
  (_request, response) => {
    response.writeHead(status, { 'content-length': 1000 }).write(body, () => response.destroy())
  }

for (const [name, read, path] of READERS) {
  test(`${name}: a 200 with loglines gives the entries`, async (t) => {
    const host = useHost(t)
    const entries = [createEntry(), { type: 'summary' }, 3, null, createEntry({ list: [[], {}] })]
    const server = await serveInOrder(t, { body: { before: 1, loglines: entries, after: [] } })
    assert.deepEqual(await read(server.url), entries)
    assert.equal(server.requests[0].url, path)
    assert.equal(server.requests[0].method, 'GET')
    assert.deepEqual([host.diagnostics, host.errors], [[], []])
  })

  test(`${name}: a 200 of another shape gives null`, async (t) => {
    const bodies = [
      '',
      'null',
      '[]',
      '"loglines"',
      '{}',
      '{"loglines":{}}',
      '{"loglines":[1,2',
      '{"loglines":[{]}',
      '<html>',
    ]
    const host = useHost(t)
    const server = await serveInOrder(t, ...bodies.map((body) => ({ body })))
    for (const body of bodies) assert.equal(await read(server.url), null, body)
    assert.deepEqual(
      host.diagnostics,
      bodies.map(() => ['error', 'session_get_fail_invalid_response']),
    )
    assert.equal(host.errors.length, bodies.length)
  })

  test(`${name}: a body that breaks off counts as no response, and the diagnostic keeps the status`, async (t) => {
    const host = useHost(t)
    const server = await serveInOrder(t, cutBehind('{"loglines":[{"uuid":"a"}'), cutBehind('<html>'))
    assert.equal(await read(server.url), null)
    assert.equal(await read(server.url), null)
    assert.deepEqual(host.diagnostics, Array(2).fill(['error', 'session_get_fail_status', { status: 200 }]))
    assert.equal(host.errors.length, 2)
  })

  test(`${name}: a response of any other status whose body breaks off counts as no response`, async (t) => {
    const host = useHost(t)
    const server = await serveInOrder(t, cutBehind('no', 404), cutBehind('no', 401))
    assert.equal(await read(server.url), null)
    assert.equal(await read(server.url), null)
    assert.deepEqual(host.diagnostics, [
      ['error', 'session_get_fail_status', { status: 404 }],
      ['error', 'session_get_fail_status', { status: 401 }],
    ])
  })

  test(`${name}: a 404 gives an empty list`, async (t) => {
    const host = useHost(t)
    const server = await serveInOrder(t, { status: 404, body: 'nothing' })
    assert.deepEqual(await read(server.url), [])
    assert.deepEqual(host.diagnostics, [['warn', 'session_get_no_logs_for_session']])
    assert.deepEqual(host.errors, [])
  })

  test(`${name}: a 401 gives null`, async (t) => {
    const host = useHost(t)
    const server = await serveInOrder(t, { status: 401 })
    assert.equal(await read(server.url), null)
    assert.deepEqual(host.diagnostics, [
      ['error', 'session_get_fail_bad_token'],
      ['error', 'session_get_fail_status', {}],
    ])
    assert.deepEqual(
      host.errors.map(({ message }) => message),
      ['Your session has expired. Please run /login to sign in again.'],
    )
  })

  test(`${name}: any other status gives null, with an error where it is the server's fault`, async (t) => {
    const statuses = [201, 204, 302, 400, 403, 429, 500, 503]
    const host = useHost(t)
    const server = await serveInOrder(t, ...statuses.map((status) => ({ status })))
    for (const _ of statuses) assert.equal(await read(server.url), null)
    assert.deepEqual(
      host.diagnostics,
      statuses.map((status) => ['error', 'session_get_fail_status', { status }]),
    )
    assert.equal(host.errors.length, 2)
  })

  test(`${name}: a server that does not respond gives null`, async (t) => {
    const host = useHost(t)
    const server = await serveInOrder(t, (_request, response) => void response.destroy())
    assert.equal(await read(server.url), null)
    assert.deepEqual(host.diagnostics, [['error', 'session_get_fail_status', {}]])
    assert.equal(host.errors.length, 1)
  })

  test(`${name}: after_last_compact is asked for where the environment says so`, async (t) => {
    useHost(t)
    t.after(() => delete process.env.CLAUDE_AFTER_LAST_COMPACT)
    const server = await serve(t, () => ({ body: { loglines: [] } }))
    const asked = async (/** @type {string} */ value) => {
      process.env.CLAUDE_AFTER_LAST_COMPACT = value
      await read(server.url)
      return server.requests.at(-1)?.url
    }
    for (const yes of ['1', 'true', ' YES ', 'on']) assert.equal(await asked(yes), `${path}?after_last_compact=true`)
    for (const no of ['', '0', 'false', 'off', 'maybe']) assert.equal(await asked(no), path)
  })
}

test('the query of a log URL is sent, its fragment is not', async (t) => {
  useHost(t)
  t.after(() => delete process.env.CLAUDE_AFTER_LAST_COMPACT)
  process.env.CLAUDE_AFTER_LAST_COMPACT = '1'
  const server = await serveInOrder(t, { body: { loglines: [] } })
  await addon.getSessionLogs('s', `${server.url}/log?a=%20b#c`)
  assert.equal(server.requests[0].url, '/log?a=%20b&after_last_compact=true')
})

test('the read after a conflict never asks for less than the whole log', async (t) => {
  useHost(t)
  t.after(() => delete process.env.CLAUDE_AFTER_LAST_COMPACT)
  process.env.CLAUDE_AFTER_LAST_COMPACT = '1'
  const server = await serveInOrder(t, { status: 409 }, { body: { loglines: [{ uuid: 'a' }] } }, { status: 201 })
  assert.equal(await addon.appendSessionLog('s', createEntry(), `${server.url}/log`), true)
  assert.equal(server.requests[1].url, '/log')
})

test('the last uuid of a log becomes the head; a last entry without one leaves it, an empty log forgets it', async (t) => {
  useHost(t)
  const server = await serve(t, (request) => (request.method === 'PUT' ? { status: 201 } : { body: bodies.shift() }))
  const bodies = [{ loglines: [{ uuid: 'a' }] }, { loglines: [{ uuid: 'b' }, { type: 'summary' }] }, { loglines: [] }]
  const heads = []
  for (const _ of [...bodies]) {
    await addon.getSessionLogs('s', server.url)
    await addon.appendSessionLog('s', { uuid: 'own' }, server.url)
    heads.push(server.requests.at(-1)?.headers['last-uuid'])
  }
  assert.deepEqual(heads, ['a', 'own', undefined])
})

test('a log that could not be read leaves the head, and so does a read by OAuth', async (t) => {
  useHost(t)
  const server = await serveInOrder(
    t,
    { body: '{"loglines":[{"uuid":"a"},{"uuid":"b"]}' },
    { body: { loglines: [{ uuid: 'c' }] } },
    { status: 201 },
  )
  await addon.getSessionLogs('s', server.url)
  await readByOAuth(server.url)
  await addon.appendSessionLog('s', createEntry(), server.url)
  assert.equal(server.requests[2].headers['last-uuid'], undefined)
})

test('a log of 20,000 entries is read whole and in order', async (t) => {
  useHost(t)
  const entries = Array.from({ length: 20_000 }, (_, index) => createEntry({ index, text: 'é'.repeat(index % 500) }))
  const server = await serveInOrder(t, { body: { loglines: entries } })
  assert.deepEqual(await addon.getSessionLogs('s', server.url), entries)
})

test('a log of very many very small entries is read whole', async (t) => {
  useHost(t)
  const entries = Array.from({ length: 300_000 }, (_, index) => index % 10)
  const server = await serveInOrder(t, { body: { loglines: entries } })
  assert.deepEqual(await addon.getSessionLogs('s', server.url), entries)
})

test('the session id of an OAuth read is part of the path as it is given', async (t) => {
  useHost(t)
  const server = await serveInOrder(t, { status: 404 })
  addon.configure({ getOauthConfig: () => ({ BASE_API_URL: `${server.url}/base` }) })
  await addon.getSessionLogsViaOAuth('a b/ü', 'access', 'org')
  assert.equal(server.requests[0].url, '/base/v1/session_ingress/session/a%20b/%C3%BC')
})

test('a response with many headers is read', async (t) => {
  useHost(t)
  const headers = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`x-many-${index}`, 'value']))
  const server = await serveInOrder(t, { headers, body: { loglines: [1] } })
  assert.deepEqual(await addon.getSessionLogs('s', server.url), [1])
})
