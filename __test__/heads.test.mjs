// To what the heads of a session belong, and when they are forgotten.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addon, createEntry, useHost, useVariables } from './support/addon.mjs'
import { createLogs, serve } from './support/server.mjs'

const { appendSessionLog, clearSession, getSessionLogs, sessionStats } = addon

/** @param {import('node:test').TestContext} t */
async function serveLogs(t) {
  const { logs, handler } = createLogs()
  const server = await serve(t, handler)
  return { logs, url: (/** @type {string} */ path) => server.url + path, requests: server.requests }
}

test('a session that moves to another URL begins there without a head, and finds the old one where it was', async (t) => {
  const host = useHost(t)
  const { url, requests } = await serveLogs(t)
  const entries = [createEntry(), createEntry(), createEntry()]
  for (const [index, path] of ['/one', '/two', '/one'].entries()) {
    assert.equal(await appendSessionLog('s', entries[index], url(path)), true)
    assert.equal(sessionStats('s').head, entries[index].uuid)
  }
  assert.deepEqual(
    requests.map(({ headers }) => headers['last-uuid']),
    [undefined, undefined, entries[0].uuid],
  )
  assert.deepEqual(host.events, [], 'there was no conflict')
})

test('the entries of a session are sent in the order of the calls, whatever their URLs', async (t) => {
  useHost(t)
  const { url, requests } = await serveLogs(t)
  const entries = Array.from({ length: 20 }, () => createEntry())
  const appends = entries.map((entry, index) => appendSessionLog('s', entry, url(index % 2 ? '/one' : '/two')))
  assert.deepEqual(await Promise.all(appends), Array(20).fill(true))
  assert.deepEqual(
    requests.map((request) => request.json().uuid),
    entries.map(({ uuid }) => uuid),
  )
})

test('clearing a session forgets the heads of all its URLs', async (t) => {
  useHost(t)
  const { logs, url, requests } = await serveLogs(t)
  for (const path of ['/one', '/two']) await appendSessionLog('s', createEntry(), url(path))
  clearSession('s')
  logs.clear()
  for (const path of ['/one', '/two']) await appendSessionLog('s', createEntry(), url(path))
  assert.deepEqual(
    requests.map(({ headers }) => headers['last-uuid']),
    Array(4).fill(undefined),
  )
})

test('a log that is gone on the server is begun anew', async (t) => {
  const host = useHost(t)
  const { logs, url } = await serveLogs(t)
  assert.equal(await appendSessionLog('s', createEntry(), url('/log')), true)
  logs.clear()
  const entry = createEntry()
  assert.equal(await appendSessionLog('s', entry, url('/log')), true)
  assert.deepEqual(logs.get('/log'), [entry])
  assert.deepEqual([host.errors, host.events], [[], []])
})

for (const [afterLastCompact, last] of [
  ['0', undefined],
  ['1', 'first'],
]) {
  test(`getSessionLogs that finds an empty log ${last ? 'leaves' : 'forgets'} the head with CLAUDE_AFTER_LAST_COMPACT ${afterLastCompact}`, async (t) => {
    useHost(t)
    useVariables(t, { CLAUDE_AFTER_LAST_COMPACT: afterLastCompact })
    const server = await serve(t, ({ method }) => (method === 'PUT' ? { status: 201 } : { body: { loglines: [] } }))
    await appendSessionLog('s', { uuid: 'first' }, server.url)
    assert.deepEqual(await getSessionLogs('s', server.url), [])
    await appendSessionLog('s', { uuid: 'second' }, server.url)
    assert.equal(server.requests[2].headers['last-uuid'], last)
  })
}
