// session-ingress/testing: logs to look at and to set, faults, a record of the requests, and the package's own state.

import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import * as kit from 'session-ingress/testing'
import { addon, createEntry, QUICK, useHost } from './support/addon.mjs'
import { createFolder } from './support/package.mjs'

const { appendSessionLog, getSessionLogs, getSessionLogsViaOAuth, getTeleportEvents, sessionStats } = addon

/** @param {import('node:test').TestContext} t @param {import('session-ingress/testing').ServerOptions} [options] */
async function start(t, options) {
  const server = await kit.startIngressServer(options)
  t.after(() => server.close())
  return server
}

test('the testing kit exports what its types declare, by import and by require', async () => {
  const types = await readFile(new URL('../lib/testing/index.d.ts', import.meta.url), 'utf8')
  const declared = [...types.matchAll(/^export declare function (\w+)/gm)].map(([, name]) => name)
  assert.deepEqual(Object.keys(createRequire(import.meta.url)('session-ingress/testing')).sort(), declared.sort())
  for (const name of declared) assert.equal(typeof (/** @type {any} */ (kit)[name]), 'function')
})

for (const [where, options] of /** @type {const} */ ([
  ['in memory', () => ({})],
  ['in a folder', (/** @type {import('node:test').TestContext} */ t) => ({ dir: createFolder(t) })],
])) {
  test(`a log ${where} is what was appended to it`, async (t) => {
    useHost(t)
    const server = await start(t, options(t))
    const entries = [createEntry(), createEntry({ text: 'ünï' })]
    for (const entry of entries) assert.equal(await appendSessionLog('a/b', entry, server.logUrl('a/b')), true)
    assert.deepEqual(server.log('a/b'), entries)
    assert.deepEqual(server.log('other'), [])
  })

  test(`a log ${where} that is set is what all three readers read, and appends continue from it`, async (t) => {
    const server = await start(t, options(t))
    useHost(t, { getOauthConfig: () => ({ BASE_API_URL: server.url }) })
    const url = server.logUrl('s')
    assert.equal(await appendSessionLog('s', createEntry(), url), true)
    const entries = [createEntry(), createEntry(), { type: 'summary' }]
    await server.set('s', entries)
    assert.deepEqual(await getSessionLogs('s', url), entries)
    assert.deepEqual(await getSessionLogsViaOAuth('s', 'access', 'org'), entries)
    assert.deepEqual(await getTeleportEvents('s', 'access', 'org'), entries)
    const heads = [createEntry(), createEntry()]
    await server.set('s', heads)
    const entry = createEntry()
    assert.equal(await appendSessionLog('s', entry, url), true)
    assert.deepEqual(server.log('s'), [...heads, entry])
    await server.set('s', [])
    assert.deepEqual(await getSessionLogs('s', url), [])
  })
}

test('logs in a folder are there for the next server on it', async (t) => {
  useHost(t)
  const dir = createFolder(t)
  const [first, second] = [createEntry(), createEntry()]
  const before = await kit.startIngressServer({ dir })
  await before.set('s', [first])
  assert.equal(await appendSessionLog('s', second, before.logUrl('s')), true)
  await before.close()
  const after = await start(t, { dir })
  assert.deepEqual(after.log('s'), [first, second])
})

test('a folder with a line that is no entry is refused with an error that names the line', async (t) => {
  const dir = createFolder(t)
  await writeFile(join(dir, 's.jsonl'), '{"uuid":"a"}\nno entry\n')
  await assert.rejects(kit.startIngressServer({ dir }), /line 2 of .*s\.jsonl is no entry/)
})

test('the record of a request has its token, and neither prints nor serialises it', async (t) => {
  useHost(t, { getSessionIngressAuthToken: () => 'a-secret' })
  const server = await start(t)
  const entry = createEntry()
  await appendSessionLog('s', entry, server.logUrl('s'))
  await getSessionLogs('s', server.logUrl('s'))
  assert.deepEqual(
    server.requests.map(({ method, path, body, token }) => [method, path, body, token]),
    [
      ['PUT', '/v1/session_ingress/session/s', JSON.stringify(entry), 'a-secret'],
      ['GET', '/v1/session_ingress/session/s', '', 'a-secret'],
    ],
  )
  assert.equal(server.requests[0].headers['content-type'], 'application/json')
  assert.ok(!`${JSON.stringify(server.requests)}${inspect(server.requests, { depth: 9 })}`.includes('a-secret'))
})

test('a status fault befalls as many requests as it is for, and then none', async (t) => {
  const host = useHost(t)
  const server = await start(t)
  const fault = server.faults.status(503, { times: 2 })
  assert.equal(await appendSessionLog('s', createEntry(), server.logUrl('s')), true)
  assert.deepEqual([fault.met, server.requests.length], [2, 3])
  assert.equal(host.events.filter((event) => event === 'session_persist_fail_status').length, 2)
})

test('a status fault can have headers, and a message that the host is told', async (t) => {
  const host = useHost(t, { retry: { maxAttempts: 1 } })
  const server = await start(t)
  server.faults.status(429, { message: 'Too many of you', headers: { 'retry-after': '1' } })
  assert.equal(await appendSessionLog('s', createEntry(), server.logUrl('s')), false)
  assert.match(host.errors.at(-1).message, /429.*Too many of you/)
  const response = await fetch(server.logUrl('s'))
  assert.equal(response.headers.get('retry-after'), '1')
})

for (const [name, add] of /** @type {[string, (faults: kit.Faults) => void][]} */ ([
  ['a status', (faults) => faults.status(502, { times: 1, method: 'PUT', stored: true })],
  ['a cut connection', (faults) => faults.reset({ times: 1, method: 'PUT', stored: true })],
])) {
  test(`an append that is stored and meets ${name} is found to be stored`, async (t) => {
    const host = useHost(t)
    const server = await start(t)
    add(server.faults)
    const entry = createEntry()
    assert.equal(await appendSessionLog('s', entry, server.logUrl('s')), true)
    assert.deepEqual(server.log('s'), [entry])
    assert.ok(host.events.includes('session_persist_recovered_from_409'))
  })
}

test('a cut connection before storing leaves nothing stored', async (t) => {
  useHost(t, { retry: { maxAttempts: 1 } })
  const server = await start(t)
  server.faults.reset()
  assert.equal(await appendSessionLog('s', createEntry(), server.logUrl('s')), false)
  assert.deepEqual(server.log('s'), [])
})

test('a delay holds a request for its time', async (t) => {
  useHost(t)
  const server = await start(t)
  server.faults.delay(50)
  const begun = process.hrtime.bigint()
  assert.equal(await appendSessionLog('s', createEntry(), server.logUrl('s')), true)
  // A timer of Node may be a millisecond early.
  assert.ok(process.hrtime.bigint() - begun > 48_000_000n)
})

test('an outage lasts until it is ended, and the appends that wait for it are stored in order', async (t) => {
  useHost(t, { retry: { ...QUICK, maxAttempts: 100_000 } })
  const server = await start(t)
  const outage = server.faults.outage()
  const entries = Array.from({ length: 5 }, () => createEntry())
  const appended = Promise.all(entries.map((entry) => appendSessionLog('s', entry, server.logUrl('s'))))
  while (outage.met < 3) await getSessionLogs('reader', server.logUrl('s'))
  assert.deepEqual([server.log('s'), sessionStats('s').pending], [[], 5])
  outage.end()
  assert.deepEqual(await appended, Array(5).fill(true))
  assert.deepEqual(server.log('s'), entries)
})

test('a fault for a session and a method befalls no other request', async (t) => {
  const server = await start(t)
  useHost(t, { retry: { maxAttempts: 1 }, getOauthConfig: () => ({ BASE_API_URL: server.url }) })
  await server.set('a', [createEntry()])
  const fault = server.faults.outage({ session: 'a', method: 'GET' })
  assert.equal(await appendSessionLog('a', createEntry(), server.logUrl('a')), true)
  assert.equal(await appendSessionLog('b', createEntry(), server.logUrl('b')), true)
  assert.equal((await getSessionLogs('b', server.logUrl('b')))?.length, 1)
  assert.equal(fault.met, 0)
  assert.equal(await getSessionLogs('a', server.logUrl('a')), null)
  assert.equal(await getTeleportEvents('a', 'access', 'org'), null)
  server.faults.clear()
  assert.equal((await getTeleportEvents('a', 'access', 'org'))?.length, 2)
})

test('a request meets the first fault that is meant for it, and no other', async (t) => {
  const server = await start(t)
  const [first, second] = [server.faults.status(500, { times: 1 }), server.faults.status(502)]
  assert.equal((await fetch(server.logUrl('s'))).status, 500)
  assert.deepEqual([first.met, second.met], [1, 0])
  assert.equal((await fetch(server.logUrl('s'))).status, 502)
})

test('wrong options of the testing kit are errors that name them', async (t) => {
  const { faults, set } = await start(t)
  const any = /** @type {any} */ (faults)
  assert.throws(() => any.status(199), /faults\.status: .* from 200 to 599/)
  assert.throws(() => any.status('x'), /faults\.status: /)
  assert.throws(() => any.status(500, { sesion: 's' }), /faults\.status: there is no option sesion/)
  assert.throws(() => any.delay(10, { stored: true }), /faults\.delay: there is no option stored/)
  assert.throws(() => any.delay('x'), /faults\.delay: the milliseconds/)
  assert.throws(() => any.reset({ times: 0 }), /faults\.reset: times must be/)
  assert.throws(() => any.reset({ method: 'POST' }), /faults\.reset: method must be PUT or GET/)
  assert.throws(() => any.outage({ times: 1 }), /faults\.outage: there is no option times/)
  await assert.rejects(set('s', [/** @type {any} */ (1)]), /each entry of a log must be an object/)
  await assert.rejects(kit.startIngressServer(/** @type {any} */ ({ folder: 'x' })), /there is no option folder/)
})

test('reset restores every option that there is, and forgets all sessions', async (t) => {
  const host = useHost(t)
  const server = await start(t)
  assert.equal(await appendSessionLog('s', createEntry(), server.logUrl('s')), true)
  assert.notEqual(sessionStats('s').head, null)
  kit.reset()
  assert.equal(sessionStats('s').head, null)
  const told = host.told.length
  // Without a token of the host's, or of the environment, nothing is sent.
  assert.equal(await appendSessionLog('s', createEntry(), server.logUrl('s')), false)
  assert.deepEqual([host.told.length, server.requests.length], [told, 1])
})

test('reset knows every option of configure', async () => {
  const types = await readFile(new URL('../index.d.ts', import.meta.url), 'utf8')
  const [, options] = /interface ConfigureOptions \{\n([\s\S]*?)\n\}/.exec(types) ?? []
  const declared = [...(options ?? '').matchAll(/^ {2}(\w+)\?:/gm)].map(([, name]) => name)
  const source = await readFile(new URL('../lib/testing/reset.js', import.meta.url), 'utf8')
  const restored = [...source.matchAll(/^ {2}(\w+): /gm)].map(([, name]) => name)
  assert.ok(declared.length > 9)
  assert.deepEqual(restored.sort(), declared.sort())
})
