// `shutdown` and `unref`: a process ends when its host wants it to, and the host learns what is lost.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { reset } from 'session-ingress/testing'
import { addon, createEntry, QUICK, useHost } from './support/addon.mjs'
import { runProgram } from './support/child.mjs'
import { createOutage, findFreePort, readFolder } from './support/outbox.mjs'
import { createFolder } from './support/package.mjs'
import { createGate, serve } from './support/server.mjs'

const { appendSessionLog, configure, flush, getSessionLogs, sessionStats, shutdown } = addon

test('shutdown waits for what is pending, and says how many were stored', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ status: 201 }))
  await appendSessionLog('s', createEntry(), server.url)
  const appends = ['s', 's', 't'].map((session) => appendSessionLog(session, createEntry(), server.url))
  const ended = shutdown()
  assert.deepEqual(await ended, { stored: 3, lost: [] })
  assert.deepEqual(await Promise.all(appends), [true, true, true])
})

test('with nothing pending it resolves at once', async (t) => {
  useHost(t)
  assert.deepEqual(await shutdown({ timeoutMs: 1000 }), { stored: 0, lost: [] })
})

test('it takes no more appends, and asks the host for nothing; readers and flush go on', async (t) => {
  let tokens = 0
  const host = useHost(t, { getSessionIngressAuthToken: () => `token-${++tokens}` })
  const server = await serve(t, () => ({ body: { loglines: [{ uuid: 'a' }] } }))
  await shutdown()
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  assert.equal(tokens, 0)
  assert.deepEqual(host.diagnostics, [['error', 'session_persist_fail_shut_down']])
  assert.equal(sessionStats('s').failed, 1)
  assert.deepEqual(await getSessionLogs('s', server.url), [{ uuid: 'a' }])
  assert.equal(await flush(), true)
  assert.deepEqual(
    server.requests.map(({ method }) => method),
    ['GET'],
  )
})

test('after timeoutMs it gives up what is left: requests are closed, and promises resolve false before', async (t) => {
  const host = useHost(t)
  const { open: close, opened: closed } = createGate()
  const server = await serve(t, (_request, response) => void response.on('close', close))
  const [first, second, other] = [createEntry(), createEntry(), createEntry()]
  /** @type {unknown[]} */
  const settled = []
  const appends = [
    appendSessionLog('s', first, server.url),
    appendSessionLog('s', second, server.url),
    appendSessionLog('s', second, server.url),
    appendSessionLog('t', other, server.url),
  ].map((append) => append.then((stored) => settled.push(stored)))
  const begun = performance.now()
  const result = await shutdown({ timeoutMs: 200 })
  const took = performance.now() - begun
  assert.deepEqual(settled, [false, false, false, false])
  assert.deepEqual(result, {
    stored: 0,
    lost: [
      { sessionId: 's', uuid: first.uuid },
      { sessionId: 's', uuid: second.uuid },
      { sessionId: 't', uuid: other.uuid },
    ],
  })
  assert.ok(took >= 195 && took < 10_000, String(took))
  await Promise.all(appends)
  await closed
  assert.equal(sessionStats().pending, 0)
  // What waited in the queue was not sent, and nothing is reported but by the result.
  assert.equal(server.requests.length, 2)
  assert.deepEqual([host.events, host.errors], [[], []])
})

test('an entry between two attempts is given up, too', async (t) => {
  useHost(t, { retry: { baseDelayMs: 60_000, maxDelayMs: 60_000 } })
  const { open, opened } = createGate()
  const server = await serve(t, () => {
    open()
    return { status: 503 }
  })
  const entry = createEntry()
  const append = appendSessionLog('s', entry, server.url)
  await opened
  assert.deepEqual(await shutdown({ timeoutMs: 0 }), { stored: 0, lost: [{ sessionId: 's', uuid: entry.uuid }] })
  assert.equal(await append, false)
})

test('an entry whose attempts run out meanwhile is lost as well', async (t) => {
  useHost(t, { retry: { ...QUICK, maxAttempts: 2 } })
  const server = await serve(t, (_request, _response, index) => ({ status: index === 0 ? 201 : 503 }))
  const [stored, failed] = [createEntry(), createEntry()]
  const appends = [appendSessionLog('s', stored, server.url), appendSessionLog('s', failed, server.url)]
  assert.deepEqual(await shutdown(), { stored: 1, lost: [{ sessionId: 's', uuid: failed.uuid }] })
  assert.deepEqual(await Promise.all(appends), [true, false])
})

test('a second call gives the same promise, whatever its options', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ status: 201 }))
  void appendSessionLog('s', createEntry(), server.url)
  const first = shutdown()
  assert.equal(shutdown({ timeoutMs: 0 }), first)
  await first
  assert.equal(shutdown(), first)
})

test('queues of sessions that were cleared are given up, too', async (t) => {
  useHost(t)
  const server = await serve(t, () => undefined)
  const entry = createEntry()
  const append = appendSessionLog('s', entry, server.url)
  void addon.clearSession('s')
  assert.deepEqual((await shutdown({ timeoutMs: 50 })).lost, [{ sessionId: 's', uuid: entry.uuid }])
  assert.equal(await append, false)
})

test('a call of flush that waits learns of it', async (t) => {
  useHost(t)
  const server = await serve(t, () => undefined)
  void appendSessionLog('s', createEntry(), server.url)
  const flushed = flush()
  await shutdown({ timeoutMs: 10 })
  assert.equal(await flushed, true)
})

test('wrong options reject with a TypeError, and shut nothing down', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ status: 201 }))
  const wrong = (/** @type {any} */ options) => shutdown(options)
  await assert.rejects(wrong({ timeoutMs: -1 }), { name: 'TypeError', message: /options\.timeoutMs/ })
  await assert.rejects(wrong({ timeout: 5 }), { name: 'TypeError', message: /options\.timeout/ })
  await assert.rejects(wrong(5), { name: 'TypeError', message: /options/ })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
})

test('only reset of the testing kit undoes it', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ status: 201 }))
  await shutdown()
  configure({ getSessionIngressAuthToken: () => 'other' })
  await addon.clearAllSessions()
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  reset()
  configure({ getSessionIngressAuthToken: () => 'token' })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.deepEqual(await shutdown(), { stored: 0, lost: [] })
})

for (const [settle, promised] of /** @type {const} */ ([
  ['delivered', false],
  ['durable', true],
])) {
  test(`with an outbox that settles '${settle}', what is left is on the disk, and the next process delivers it`, async (t) => {
    const outage = await createOutage(t)
    useHost(t, { outbox: { dir: outage.dir, settle }, retry: { baseDelayMs: 60_000 } })
    const entries = [createEntry(), createEntry()]
    const appends = entries.map((entry) => appendSessionLog('s', entry, outage.logUrl('s')))
    const { lost } = await shutdown({ timeoutMs: 50 })
    assert.deepEqual(lost, [])
    assert.deepEqual(await Promise.all(appends), [promised, promised])
    const texts = readFolder(outage.dir).map(({ text }) => text)
    assert.ok(entries.every(({ uuid }) => texts.some((text) => text.includes(uuid))))
    await outage.start()
    const { stderr } = await runProgram('outbox-host', {
      dir: outage.dir,
      url: outage.logUrl('s'),
      uuids: ['later'],
      retry: null,
      ends: 'flush',
    })
    assert.equal(stderr, '')
    assert.deepEqual(outage.stored(), [...entries.map(({ uuid }) => uuid), 'later'])
  })
}

test('with an outbox that cannot keep it, an entry is lost', async (t) => {
  const outage = await createOutage(t)
  const blocked = join(createFolder(t), 'file')
  await import('node:fs/promises').then(({ writeFile }) => writeFile(blocked, 'no folder'))
  useHost(t, { outbox: { dir: blocked }, retry: { baseDelayMs: 60_000 } })
  const entry = createEntry()
  const append = appendSessionLog('s', entry, outage.logUrl('s'))
  assert.deepEqual((await shutdown({ timeoutMs: 50 })).lost, [{ sessionId: 's', uuid: entry.uuid }])
  assert.equal(await append, false)
})

test('a process in an outage ends as soon as shutdown has resolved', async () => {
  const url = `http://127.0.0.1:${await findFreePort()}/log`
  const begun = performance.now()
  const { stdout, code } = await runProgram('ending-host', { url, how: 'shutdown', timeoutMs: 300 })
  const took = performance.now() - begun
  const lost = ['u0', 'u1', 'u2', 'u3'].map((uuid) => ({ sessionId: 's', uuid }))
  assert.deepEqual(JSON.parse(stdout), { stored: 0, lost, appends: [false, false, false, false] })
  // The attempts of a single entry would take 48 s.
  assert.ok(code === 0 && took < 30_000, String(took))
})

for (const how of ['unref', 'unref later']) {
  test(`a process ends although appends are pending: ${how}`, async () => {
    const url = `http://127.0.0.1:${await findFreePort()}/log`
    const { code } = await runProgram('ending-host', { url, how }, { timeout: 30_000 })
    assert.equal(code, 0)
  })
}

test('unref does not keep appends from being sent while something else holds the process', async (t) => {
  useHost(t)
  addon.unref()
  const server = await serve(t, () => ({ status: 201 }))
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
})
