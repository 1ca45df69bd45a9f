// Forgetting heads and queues: specification.md, section 7.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { createGate, serve } from './support/server.mjs'

const { appendSessionLog, clearAllSessions, clearSession, getSessionLogs } = addon

test('clearSession and clearAllSessions return promises that are fulfilled with nothing', async () => {
  assert.equal(await clearSession('s'), undefined)
  assert.equal(await clearAllSessions(), undefined)
})

for (const [name, clear] of /** @type {[string, () => unknown][]} */ ([
  ['clearSession', () => clearSession('s')],
  ['clearAllSessions', () => clearAllSessions()],
])) {
  test(`after ${name} an append on the next line has no head`, async (t) => {
    useHost(t)
    const server = await serve(t, () => ({ status: 201 }))
    await appendSessionLog('s', createEntry(), server.url)
    clear()
    await appendSessionLog('s', createEntry(), server.url)
    assert.deepEqual(
      server.requests.map(({ headers }) => headers['last-uuid']),
      [undefined, undefined],
    )
  })

  test(`what was queued before ${name} is still sent, chains on its own heads, and touches no other`, async (t) => {
    useHost(t)
    const { open, opened } = createGate()
    const server = await serve(t, async (request) => {
      if (request.json().old) await opened
      return { status: 201 }
    })
    const old = [createEntry({ old: 1 }), createEntry({ old: 2 }), createEntry({ old: 3 })]
    const olds = old.map((entry) => appendSessionLog('s', entry, server.url))
    clear()
    const first = createEntry()
    assert.equal(await appendSessionLog('s', first, server.url), true)
    open()
    assert.deepEqual(await Promise.all(olds), [true, true, true])
    const last = createEntry()
    await appendSessionLog('s', last, server.url)

    const heads = new Map(server.requests.map((request) => [request.json().uuid, request.headers['last-uuid']]))
    const sent = [...old, first, last].map(({ uuid }) => heads.get(uuid))
    assert.deepEqual(sent, [undefined, old[0].uuid, old[1].uuid, undefined, first.uuid])
  })

  test(`a read that was under way at ${name} sets no head`, async (t) => {
    useHost(t)
    const { open, opened } = createGate()
    const { open: asked, opened: wasAsked } = createGate()
    const server = await serve(t, async (request) => {
      if (request.method === 'PUT') return { status: 201 }
      asked()
      await opened
      return { body: { loglines: [{ uuid: 'a' }] } }
    })
    const read = getSessionLogs('s', server.url)
    await wasAsked
    clear()
    open()
    assert.deepEqual(await read, [{ uuid: 'a' }])
    await appendSessionLog('s', createEntry(), server.url)
    assert.equal(server.requests.at(-1)?.headers['last-uuid'], undefined)
  })
}

test('clearing one session leaves the heads of the others', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ status: 201 }))
  const entry = createEntry()
  await appendSessionLog('other', entry, server.url)
  clearSession('s')
  await appendSessionLog('other', createEntry(), server.url)
  assert.equal(server.requests[1].headers['last-uuid'], entry.uuid)
})

test('entries in doubt are forgotten with their session', async (t) => {
  useHost(t, { retry: { maxAttempts: 1 } })
  const server = await serve(t, () => ({ status: 500 }))
  const entry = createEntry()
  await appendSessionLog('s', entry, server.url)
  clearSession('s')
  await appendSessionLog('s', entry, server.url)
  assert.deepEqual(
    server.requests.map(({ method }) => method),
    ['PUT', 'PUT'],
  )
})

test('two ids that differ in lone surrogates only are two sessions', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ status: 201 }))
  for (const id of ['a\ud800', 'a\udfff', 'a\ufffd']) await appendSessionLog(id, createEntry(), server.url)
  clearSession('a\udfff')
  const entry = createEntry()
  await appendSessionLog('a\ud800', entry, server.url)
  await appendSessionLog('a\udfff', createEntry(), server.url)
  assert.deepEqual(
    server.requests.map(({ headers }) => headers['last-uuid'] !== undefined),
    [false, false, false, true, false],
  )
})
