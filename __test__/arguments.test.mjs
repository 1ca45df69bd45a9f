// Wrong arguments: a rejected TypeError that names the argument, and nothing is sent. specification.md, section 2.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { createGate, createLogs, serve } from './support/server.mjs'

/** @type {any} */
const { appendSessionLog, getSessionLogs, getSessionLogsViaOAuth, getTeleportEvents, clearSession } = addon

const entry = createEntry()
const url = 'http://127.0.0.1:9/'
const NOT_STRINGS = [undefined, null, 1, true, {}, [], Symbol('s'), 1n, () => {}]

/** @type {[string, string, (value: any) => Promise<unknown>][]} */
const STRINGS = [
  ['appendSessionLog', 'sessionId', (value) => appendSessionLog(value, entry, url)],
  ['appendSessionLog', 'url', (value) => appendSessionLog('s', entry, value)],
  ['getSessionLogs', 'sessionId', (value) => getSessionLogs(value, url)],
  ['getSessionLogs', 'url', (value) => getSessionLogs('s', value)],
  ['getSessionLogsViaOAuth', 'sessionId', (value) => getSessionLogsViaOAuth(value, 't', 'o')],
  ['getSessionLogsViaOAuth', 'accessToken', (value) => getSessionLogsViaOAuth('s', value, 'o')],
  ['getSessionLogsViaOAuth', 'orgUUID', (value) => getSessionLogsViaOAuth('s', 't', value)],
  ['getTeleportEvents', 'sessionId', (value) => getTeleportEvents(value, 't', 'o')],
  ['getTeleportEvents', 'accessToken', (value) => getTeleportEvents('s', value, 'o')],
  ['getTeleportEvents', 'orgUUID', (value) => getTeleportEvents('s', 't', value)],
  ['clearSession', 'sessionId', (value) => clearSession(value)],
]

for (const [name, argument, call] of STRINGS) {
  test(`${name} rejects a ${argument} that is not a string`, async (t) => {
    const host = useHost(t)
    for (const value of NOT_STRINGS) {
      await assert.rejects(call(value), (error) => {
        assert.ok(error instanceof TypeError)
        assert.match(error.message, new RegExp(`\\b${argument}\\b`))
        return true
      })
    }
    assert.deepEqual(host.told, [])
  })
}

test('a call without its arguments rejects with a TypeError', async () => {
  for (const call of [appendSessionLog, getSessionLogs, getSessionLogsViaOAuth, getTeleportEvents, clearSession]) {
    await assert.rejects(call(), TypeError)
  }
})

test('appendSessionLog rejects an entry that is not an object', async () => {
  for (const value of [undefined, null, 1, 'entry', true, () => {}, Symbol('s'), 1n]) {
    await assert.rejects(appendSessionLog('s', value, url), { name: 'TypeError', message: /\bentry\b/ })
  }
})

const NO_UUIDS = [
  ...[undefined, null, 1, {}, '', 'a\nb', 'a\u0000', '\u007f', 'a\u0085b', ' a', 'a ', 'a b', 'a\t', '\u00a0a'],
  ...['\ufeffa', 'é', 'ÿ', '日', '😀', '\ud800', 'a\udc00', 'a'.repeat(257), 'a'.repeat(20_000)],
]

test('appendSessionLog rejects a uuid that is not 1 to 256 characters of visible ASCII, and sends nothing', async (t) => {
  useHost(t)
  const server = await serve(t, () => assert.fail('a request'))
  const wrong = { name: 'TypeError', message: 'entry.uuid must be 1 to 256 characters of visible ASCII' }
  for (const uuid of NO_UUIDS) await assert.rejects(appendSessionLog('s', { uuid }, server.url), wrong)
})

test('a uuid of any visible ASCII characters, up to 256, comes back as the head that it was', async (t) => {
  useHost(t)
  const { handler } = createLogs()
  const server = await serve(t, handler)
  const all = String.fromCharCode(...Array.from({ length: 0x7e - 0x20 }, (_, n) => 0x21 + n))
  for (const uuid of ['a', all, '"', ',', 'a'.repeat(256), 'last']) {
    assert.equal(await appendSessionLog('s', { uuid }, `${server.url}/log`), true)
    addon.clearSession('s')
    assert.equal((await getSessionLogs('s', `${server.url}/log`)).at(-1).uuid, uuid)
  }
  assert.ok(server.requests.every(({ method }, index) => method === (index % 2 === 0 ? 'PUT' : 'GET')))
})

test('a call rejects with what a getter or a proxy among its arguments throws', async () => {
  const thrown = new RangeError('from the getter')
  const getter = {
    get uuid() {
      throw thrown
    },
  }
  await assert.rejects(appendSessionLog('s', getter, url), thrown)
  const { proxy, revoke } = Proxy.revocable({ uuid: 'a' }, {})
  revoke()
  await assert.rejects(appendSessionLog('s', proxy, url), TypeError)
})

test('an object without a prototype is an entry like any other', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ status: 201 }))
  assert.equal(await appendSessionLog('s', Object.assign(Object.create(null), { uuid: 'a' }), server.url), true)
})

test('an entry that cannot be serialised resolves false at once, with the error that V8 has', async (t) => {
  const host = useHost(t)
  const server = await serve(t, () => ({ status: 201 }))
  /** @type {any} */
  const circular = createEntry()
  circular.self = circular
  assert.equal(await appendSessionLog('s', circular, server.url), false)
  assert.match(host.errors[0].message, /circular/)
  assert.ok(host.errors[0] instanceof TypeError)
  assert.equal(await appendSessionLog('s', createEntry({ big: 1n }), server.url), false)
  assert.match(host.errors[1].message, /BigInt/)
  assert.equal(await appendSessionLog('s', createEntry({ toJSON: () => undefined }), server.url), false)
  assert.match(host.errors[2].message, /undefined/)
  const own = new Error('own')
  assert.equal(
    await appendSessionLog(
      's',
      createEntry({
        toJSON() {
          throw own
        },
      }),
      server.url,
    ),
    false,
  )
  assert.equal(host.errors[3], own)
  assert.equal(
    await appendSessionLog(
      's',
      createEntry({
        toJSON() {
          throw 'text'
        },
      }),
      server.url,
    ),
    false,
  )
  assert.ok(host.errors[4] instanceof Error)
  assert.match(host.errors[4].message, /text/)
  assert.deepEqual([host.diagnostics, server.requests], [[], []])
})

test('an append to a URL that cannot be requested fails at once', async (t) => {
  const host = useHost(t)
  for (const bad of ['', 'log', '/log', 'ftp://127.0.0.1/', 'file:///log', 'http://', 'http://a b/']) {
    assert.equal(await appendSessionLog('s', entry, bad), false)
    assert.equal(await getSessionLogs('s', bad), null)
  }
  assert.deepEqual(host.diagnostics.slice(0, 2), [
    ['error', 'session_persist_fail_status', { attempt: 1 }],
    ['error', 'session_get_fail_status', {}],
  ])
  assert.equal(host.diagnostics.length, 14)
  assert.equal(host.errors.length, 14)
})

test('an append that cannot be sent does not wait behind those that can', async (t) => {
  useHost(t)
  const { open, opened } = createGate()
  const server = await serve(t, async () => {
    await opened
    return { status: 201 }
  })
  const held = appendSessionLog('s', createEntry(), server.url)
  assert.equal(await appendSessionLog('s', createEntry(), 'nonsense'), false)
  open()
  assert.equal(await held, true)
})

test('a read whose base URL cannot be requested gives null', async (t) => {
  const host = useHost(t, { getOauthConfig: () => ({ BASE_API_URL: 'nonsense' }) })
  assert.equal(await getSessionLogsViaOAuth('s', 't', 'o'), null)
  assert.equal(await getTeleportEvents('s', 't', 'o'), null)
  assert.deepEqual(host.diagnostics, [
    ['error', 'session_get_fail_status', {}],
    ['error', 'teleport_events_fetch_fail'],
  ])
  assert.equal(host.errors.length, 2)
})
