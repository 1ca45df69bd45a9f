// `createSessionIngress`: instances with options, sessions, queues, heads, figures and ends of their own.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { addon, createEntry, QUICK, useHost } from './support/addon.mjs'
import { runProgram } from './support/child.mjs'
import { createOutage } from './support/outbox.mjs'
import { createFolder } from './support/package.mjs'
import { createGate, serve } from './support/server.mjs'

const { createSessionIngress } = addon

/** An instance with a token of its own. @param {import('../index.js').ConfigureOptions} [options] */
const createInstance = (options) =>
  createSessionIngress({ getSessionIngressAuthToken: () => 'token', retry: QUICK, ...options })

test('an instance has all functions of the package but the one that makes instances', () => {
  const { createSessionIngress: _, ...others } = addon
  assert.deepEqual(Object.keys(createSessionIngress()).sort(), Object.keys(others).sort())
})

test('each instance sends its own token, with options of its own; the package keeps its own', async (t) => {
  const host = useHost(t, { getSessionIngressAuthToken: () => 'of the package' })
  const server = await serve(t, () => ({ status: 500 }))
  /** @type {string[]} */
  const told = []
  const [first, second] = ['first', 'second'].map((name) =>
    createInstance({
      getSessionIngressAuthToken: () => name,
      logForDiagnosticsNoPII: (_level, event) => told.push(`${name} ${event}`),
      retry: { maxAttempts: 1 },
    }),
  )
  assert.equal(await first.appendSessionLog('s', createEntry(), server.url), false)
  assert.equal(await second.appendSessionLog('s', createEntry(), server.url), false)
  addon.configure({ retry: { maxAttempts: 1 } })
  assert.equal(await addon.appendSessionLog('s', createEntry(), server.url), false)
  assert.deepEqual(
    server.requests.map(({ headers }) => headers.authorization),
    ['Bearer first', 'Bearer second', 'Bearer of the package'],
  )
  const events = ['session_persist_fail_status', 'session_persist_error_retries_exhausted']
  assert.deepEqual(
    told,
    ['first', 'second'].flatMap((name) => events.map((event) => `${name} ${event}`)),
  )
  assert.deepEqual(host.events, events)
})

test('its options are merged by its own configure, and begin with the defaults', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ status: 201 }))
  const instance = createSessionIngress()
  assert.equal(await instance.appendSessionLog('s', createEntry(), server.url), false)
  instance.configure({ getSessionIngressAuthToken: () => 'token' })
  assert.equal(await instance.appendSessionLog('s', createEntry(), server.url), true)
  assert.equal(server.requests.length, 1)
})

test('heads, figures and what is cleared are those of the instance', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ status: 201 }))
  const [first, second] = [createInstance(), createInstance()]
  await first.appendSessionLog('s', { uuid: 'a' }, server.url)
  await second.appendSessionLog('s', { uuid: 'b' }, server.url)
  await addon.appendSessionLog('s', { uuid: 'c' }, server.url)
  await first.appendSessionLog('s', { uuid: 'd' }, server.url)
  assert.deepEqual(
    server.requests.map(({ headers }) => headers['last-uuid']),
    [undefined, undefined, undefined, 'a'],
  )
  const heads = () => [first, second, addon].map(({ sessionStats }) => sessionStats('s').head)
  assert.deepEqual(heads(), ['d', 'b', 'c'])
  assert.equal(first.sessionStats().appended, 2)
  await first.clearAllSessions()
  assert.deepEqual(heads(), [null, 'b', 'c'])
})

test('the queue of an instance does not wait for that of another, and flush waits for its own', async (t) => {
  useHost(t)
  const { open, opened } = createGate()
  const server = await serve(t, async (request) => {
    if (request.headers.authorization === 'Bearer slow') await opened
    return { status: 201 }
  })
  const [slow, quick] = [createInstance({ getSessionIngressAuthToken: () => 'slow' }), createInstance()]
  const appended = slow.appendSessionLog('s', createEntry(), server.url)
  assert.equal(await quick.appendSessionLog('s', createEntry(), server.url), true)
  assert.equal(await quick.flush(), true)
  assert.equal(await addon.flush(), true)
  assert.equal(await slow.flush({ timeoutMs: 0 }), false)
  assert.deepEqual(
    [slow, quick].map(({ sessionStats }) => sessionStats().pending),
    [1, 0],
  )
  open()
  assert.equal(await slow.flush(), true)
  assert.equal(await appended, true)
})

test('functions that are taken out of it stay its own', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ status: 201 }))
  const { appendSessionLog, sessionStats } = createInstance()
  assert.equal(await appendSessionLog('s', { uuid: 'a' }, server.url), true)
  assert.equal(await appendSessionLog.call(createInstance(), 's', { uuid: 'b' }, server.url), true)
  assert.equal(sessionStats('s').head, 'b')
  assert.equal(addon.sessionStats('s').head, null)
})

test('a function of the package is that of its default instance, whatever its this is', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ status: 201 }))
  const { appendSessionLog, sessionStats } = addon
  for (const [number, self] of [undefined, null, 1, 'text', {}, [], createInstance(), Object.freeze({})].entries()) {
    assert.equal(await appendSessionLog.call(self, 's', { uuid: `u${number}` }, server.url), true)
    assert.equal(sessionStats.call(self, 's').head, `u${number}`)
  }
})

test('reads and their signals are those of the instance', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ body: { loglines: [{ uuid: 'a' }] } }))
  const instance = createInstance()
  const { signal } = new AbortController()
  const read = (/** @type {Pick<typeof addon, 'getSessionLogs'>} */ { getSessionLogs }) =>
    getSessionLogs('s', server.url, { signal })
  assert.deepEqual(await Promise.all([read(instance), read(addon)]), [[{ uuid: 'a' }], [{ uuid: 'a' }]])
  const controller = new AbortController()
  const reads = [instance, addon].map(({ getSessionLogs }) =>
    getSessionLogs('s', server.url, { signal: controller.signal }).catch((error) => error.name),
  )
  controller.abort()
  assert.deepEqual(await Promise.all(reads), ['AbortError', 'AbortError'])
})

test('shutdown ends the appends of its instance alone', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ status: 201 }))
  const [first, second] = [createInstance(), createInstance()]
  const entry = createEntry()
  const { open, opened } = createGate()
  const silent = await serve(t, async () => {
    await opened
    return { status: 201 }
  })
  const lost = first.appendSessionLog('s', entry, silent.url)
  assert.deepEqual(await first.shutdown({ timeoutMs: 0 }), {
    stored: 0,
    lost: [{ sessionId: 's', uuid: entry.uuid }],
  })
  open()
  assert.equal(await lost, false)
  assert.equal(await first.appendSessionLog('s', createEntry(), server.url), false)
  assert.equal(await second.appendSessionLog('s', createEntry(), server.url), true)
  assert.equal(await addon.appendSessionLog('s', createEntry(), server.url), true)
})

test('the outbox of an instance is its own, and two of one folder share it as processes do', async (t) => {
  useHost(t)
  const outage = await createOutage(t)
  const outbox = { dir: outage.dir, settle: /** @type {const} */ ('durable'), maxDelayMs: 20 }
  const options = { outbox, retry: { maxAttempts: 1 } }
  const [first, second] = [createInstance(options), createInstance(options)]
  t.after(() => Promise.all([first.shutdown({ timeoutMs: 0 }), second.shutdown({ timeoutMs: 0 })]))
  assert.equal(await first.appendSessionLog('s', { uuid: 'a' }, outage.logUrl('s')), true)
  const states = async (/** @type {typeof first} */ { outboxSessions }) =>
    (await outboxSessions()).map(({ state, entries }) => [state, entries])
  assert.deepEqual(await states(first), [['deferred', 1]])
  assert.equal((await states(second))[0][0], 'elsewhere')
  assert.deepEqual(await addon.outboxSessions(), [])
  assert.deepEqual(
    [first, second].map(({ sessionStats }) => sessionStats().deferred),
    [1, 0],
  )
  await outage.start()
  assert.equal(await first.flush({ deferred: true }), true)
  assert.deepEqual(outage.stored(), ['a'])
})

for (const [what, options, message] of /** @type {const} */ ([
  ['an unknown option', { foo: 1 }, 'configure: unknown option foo'],
  ['no object', 'options', 'options must be an object'],
])) {
  test(`${what} throws a TypeError that names it`, () => {
    assert.throws(() => createSessionIngress(/** @type {any} */ (options)), { name: 'TypeError', message })
  })
}

test('an instance to which nothing refers is collected once nothing of it is pending or deferred', async (t) => {
  const ended = await runProgram('collected-instances', { dir: join(createFolder(t), 'outbox') })
  const lines = [true, ['idle', 'unused'], true, [{ uuid: 'a' }]]
  const stdout = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  assert.deepEqual(ended, { stdout, stderr: '', code: 0, signal: null })
})

test('unref of an instance lets the process end although its appends are pending, and holds it for others', async (t) => {
  const silent = await serve(t, () => undefined)
  const server = await serve(t, () => ({ status: 201 }))
  const ended = await runProgram('instances-at-end', { url: server.url, silent: silent.url })
  assert.deepEqual(ended, { stdout: '["held",true]\n', stderr: '', code: 0, signal: null })
})
