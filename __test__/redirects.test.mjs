// Redirects: specification.md, section 8.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addon, createEntry, QUICK, useHost } from './support/addon.mjs'
import { createAuthority } from './support/certificates.mjs'
import { serve, serveInOrder } from './support/server.mjs'

const { appendSessionLog, getSessionLogs } = addon

/** @param {string} location @param {number} [status] */
const to = (location, status = 307) => ({ status, headers: { location } })

test('redirects by 301, 302, 307 and 308 keep method, body and headers', async (t) => {
  useHost(t)
  for (const status of [301, 302, 307, 308]) {
    const server = await serveInOrder(t, to('elsewhere?x=1', status), { status: 201 })
    const entry = createEntry({ text: 'x'.repeat(5_000_000) })
    assert.equal(await appendSessionLog('s', entry, `${server.url}/a/log`), true)
    const { method, url, headers, body } = server.requests[1]
    assert.deepEqual([method, url, body.length], ['PUT', '/a/elsewhere?x=1', JSON.stringify(entry).length])
    assert.equal(headers.authorization, 'Bearer token')
    assert.equal(headers['content-type'], 'application/json')
    assert.equal(headers.referer, undefined)
  }
})

test('a redirect by 303 is followed by a GET for a read, and is a failure for an append', async (t) => {
  const host = useHost(t, { retry: { maxAttempts: 1 } })
  const server = await serveInOrder(t, to('/b', 303), { body: { loglines: [1] } }, to('/b', 303))
  assert.deepEqual(await getSessionLogs('s', server.url), [1])
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  assert.deepEqual(host.diagnostics[0], ['error', 'session_persist_fail_status', { status: 303, attempt: 1 }])
})

test('a redirect to another origin leaves the token behind', async (t) => {
  useHost(t)
  const other = await serve(t, () => ({ status: 201 }))
  const first = await serve(t, () => to(`${other.url}/log`))
  assert.equal(await appendSessionLog('s', createEntry(), first.url), true)
  assert.equal(first.requests[0].headers.authorization, 'Bearer token')
  assert.equal(other.requests[0].headers.authorization, undefined)
})

test('a redirect from https to http and back leaves the token behind', async (t) => {
  const authority = createAuthority()
  const { cert, pem } = authority.issue()
  useHost(t, { tls: { ca: authority.cert } })
  const entry = createEntry()
  const plain = await serve(t, () => ({ status: 201 }))
  const safe = await serve(t, () => to(`${plain.url}/log`), { cert, key: pem })
  assert.equal(await appendSessionLog('s', entry, safe.url), true)
  assert.equal(safe.requests[0].headers.authorization, 'Bearer token')
  assert.equal(plain.requests[0].headers.authorization, undefined)
  assert.deepEqual(plain.requests[0].json(), entry)

  const safer = await serve(t, () => ({ status: 201 }), { cert, key: pem })
  const first = await serve(t, () => to(`${safer.url}/log`))
  assert.equal(await appendSessionLog('s', createEntry(), first.url), true)
  assert.equal(safer.requests[0].headers.authorization, undefined)
})

test('a redirect to itself ends in a failed request', async (t) => {
  const host = useHost(t, { retry: { ...QUICK, maxAttempts: 1 } })
  const server = await serve(t, () => to('.'))
  assert.equal(await appendSessionLog('s', createEntry(), `${server.url}/log/`), false)
  assert.equal(server.requests.length, 22)
  assert.match(host.errors[0].message, /redirected more than 21 times/)
})

test('21 redirects are followed, and no more', async (t) => {
  const host = useHost(t, { retry: { ...QUICK, maxAttempts: 1 } })
  const server = await serve(t, (request) => {
    const left = Number(request.url.slice(1))
    if (left === 0) return request.method === 'PUT' ? { status: 201 } : { body: { loglines: [] } }
    return to(`/${left - 1}`)
  })
  assert.equal(await appendSessionLog('s', createEntry(), `${server.url}/21`), true)
  assert.deepEqual(await getSessionLogs('s', `${server.url}/21`), [])
  assert.equal(server.requests.length, 44)
  assert.equal(await appendSessionLog('s', createEntry(), `${server.url}/22`), false)
  assert.equal(await getSessionLogs('s', `${server.url}/22`), null)
  assert.equal(server.requests.length, 88)
  assert.deepEqual(host.diagnostics, [
    ['error', 'session_persist_fail_status', { attempt: 1 }],
    ['error', 'session_persist_error_retries_exhausted', { attempt: 1 }],
    ['error', 'session_get_fail_status', {}],
  ])
})

test('a redirect to another scheme counts as no response', async (t) => {
  const host = useHost(t)
  const server = await serve(t, () => to('ftp://127.0.0.1/'))
  assert.equal(await getSessionLogs('s', server.url), null)
  assert.deepEqual(host.diagnostics, [['error', 'session_get_fail_status', {}]])
  assert.equal(host.errors.length, 1)
})

test('a redirect without a location is a response like any other', async (t) => {
  const host = useHost(t)
  const server = await serveInOrder(t, { status: 302 }, to('', 302))
  assert.equal(await getSessionLogs('s', server.url), null)
  assert.equal(await getSessionLogs('s', server.url), null)
  assert.deepEqual(host.diagnostics, Array(2).fill(['error', 'session_get_fail_status', { status: 302 }]))
})
