// Entries that the server refuses for good, and what the host is told of it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addon, createEntry, QUICK, useHost } from './support/addon.mjs'
import { serve } from './support/server.mjs'

const { appendSessionLog } = addon

const TOO_LARGE = { status: 413, body: { error: { message: 'an entry has 1 MB\u001b[0m at most' } } }

test('when the attempts are used up, logError has the status and what the server said, once', async (t) => {
  const host = useHost(t, { retry: { ...QUICK, maxAttempts: 3 } })
  const server = await serve(t, () => TOO_LARGE)
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  assert.equal(server.requests.length, 3)
  assert.equal(host.errors.length, 1)
  assert.match(host.errors[0].message, /413 to the last of 3 attempts: an entry has 1 MB\[0m at most$/)
})

test('what the server said is left out where it holds the token', async (t) => {
  const token = 'a-very-secret-token'
  const host = useHost(t, { getSessionIngressAuthToken: () => token, retry: { maxAttempts: 1 } })
  const server = await serve(t, () => ({ status: 403, body: { error: { message: `no rights for ${token}` } } }))
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  assert.match(host.errors[0].message, /403 to the last of 1 attempts$/)
  assert.ok(!JSON.stringify(host.told.map(String)).includes(token))
})

test('a status of retry.giveUpOn ends an append at once, and the queue goes on', async (t) => {
  const host = useHost(t, { retry: { ...QUICK, giveUpOn: [400, 413] } })
  const server = await serve(t, (_request, _response, index) => [TOO_LARGE, { status: 404 }, { status: 201 }][index])
  const appends = [appendSessionLog('s', createEntry(), server.url), appendSessionLog('s', createEntry(), server.url)]
  assert.deepEqual(await Promise.all(appends), [false, true])
  assert.equal(server.requests.length, 3)
  assert.equal(host.errors.length, 1)
  assert.match(host.errors[0].message, /413 \(retry\.giveUpOn\): an entry has 1 MB/)
  assert.deepEqual(host.diagnostics, [
    ['error', 'session_persist_fail_status', { status: 413, attempt: 1 }],
    ['error', 'session_persist_error_retries_exhausted', { attempt: 1 }],
    ['error', 'session_persist_fail_status', { status: 404, attempt: 1 }],
  ])
})

test('the body of a refusal that never ends holds up no append', async (t) => {
  useHost(t, { retry: { maxAttempts: 1 } })
  const server = await serve(t, (_request, response) => {
    response.writeHead(400).write('{"error":{"message":"x')
  })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
})
