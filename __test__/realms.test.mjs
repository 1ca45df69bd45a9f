// More than one realm, and more than one copy of the module in one environment.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import vm from 'node:vm'
import { addon, QUICK, useHost } from './support/addon.mjs'
import { runProgram } from './support/child.mjs'
import { createLogs, serve } from './support/server.mjs'

test('entries, callbacks and errors of another realm are as good as those of our own', async (t) => {
  const { handler, logs } = createLogs()
  const server = await serve(t, (request, response, index) => {
    if (request.url !== '/log/never') return handler(request, response, index)
  })
  const ended = await runProgram('realm', { url: `${server.url}/log` })
  const stored = [{ uuid: 'a', at: '1970-01-01T00:00:00.000Z', list: [1, [2]] }, { uuid: 'b' }]
  const lines = [
    true,
    true,
    false,
    stored,
    [true, true, 'getSessionIngressAuthToken must return a string, null or undefined', ['of the realm', 2]],
  ]
  const stdout = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  assert.deepEqual(ended, { stdout, stderr: '', code: 0, signal: null })
  assert.deepEqual(logs.get('/log'), stored)
})

/** @type {typeof addon & { ofRealm: (global: object) => typeof addon }} */
const { ofRealm } = createRequire(import.meta.url)('../lib/binding.js')

/** A realm with variables of its own, as test runners make one; and the package as code in it has it. @param {NodeJS.ProcessEnv} [env] */
function createRealm(env = {}) {
  const realm = vm.runInContext('globalThis', vm.createContext({ process: { env } }))
  return { realm, ofItself: ofRealm(realm) }
}

test('lists, entries, objects, errors and promises are of the realm that loaded the package', async (t) => {
  const loglines = [{ uuid: 'a', list: [1] }]
  const server = await serve(t, ({ method }) => (method === 'PUT' ? { status: 500 } : { body: { loglines } }))
  const { realm, ofItself } = createRealm()
  /** @type {any[]} */
  const told = []
  const getSessionIngressAuthToken = () => 'token'
  const note = (/** @type {unknown} */ given) => told.push(given)
  ofItself.configure({ getSessionIngressAuthToken, logError: note, retry: { ...QUICK, maxAttempts: 1 }, proxy: null })
  const promise = ofItself.getSessionLogs('s', server.url, { onProgress: note })
  const list = /** @type {any[]} */ (await promise)
  const refused = await ofItself.appendSessionLog('s', { uuid: '' }, server.url).catch((error) => error)
  assert.equal(await ofItself.appendSessionLog('s', { uuid: 'b' }, server.url), false)
  const [progress, error] = told
  const stats = ofItself.sessionStats()
  const made = [promise, list, list[0], list[0].list, refused, progress, error, stats, stats.latency, ofItself]
  const classes = ['Promise', 'Array', 'Object', 'Array', 'TypeError', 'Object', 'Error', 'Object', 'Object', 'Object']
  assert.deepEqual(
    made.map(
      (value) => Object.getPrototypeOf(value).constructor === realm[value.constructor.name] && value.constructor.name,
    ),
    classes,
  )
  assert.throws(() => ofItself.configure(/** @type {any} */ ({ foo: 1 })), realm.TypeError)
  const other = ofItself.createSessionIngress()
  assert.ok(other instanceof realm.Object)
  assert.ok(other.flush() instanceof realm.Promise)
})

test('environment variables are those of the realm, as they are at the call', async (t) => {
  const server = await serve(t, () => ({ status: 201 }))
  const { realm, ofItself } = createRealm({ NO_PROXY: '*' })
  assert.equal(await ofItself.appendSessionLog('s', { uuid: 'a' }, server.url), false)
  realm.process.env.CLAUDE_CODE_SESSION_ACCESS_TOKEN = 'of the realm'
  assert.equal(await ofItself.appendSessionLog('s', { uuid: 'a' }, server.url), true)
  assert.equal(server.requests[0].headers.authorization, 'Bearer of the realm')
})

test('each realm has state of its own, which is there again when the package is loaded again', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ status: 201 }))
  const [first, second] = [createRealm(), createRealm()]
  first.ofItself.configure({ getSessionIngressAuthToken: () => 'token', proxy: null })
  await first.ofItself.appendSessionLog('s', { uuid: 'a' }, server.url)
  assert.equal(ofRealm(first.realm).sessionStats('s').head, 'a')
  assert.equal(second.ofItself.sessionStats('s').head, null)
  assert.equal(addon.sessionStats('s').head, null)
  assert.equal(ofRealm(globalThis).flush, addon.flush)
})

for (const how of ['loaded again without the cache', 'opened twice by process.dlopen']) {
  test(`copies of the module, ${how}, have state of their own, and all work and end`, async (t) => {
    const server = await serve(t, ({ method }) => (method === 'PUT' ? { status: 201 } : { body: { loglines: [1] } }))
    const expected = Array.from({ length: 5 }, (_, number) => [2, `${number}-1`])
    const ended = await runProgram('copies', { url: server.url, how })
    assert.deepEqual(ended, { stdout: `${JSON.stringify(expected)}\n`, stderr: '', code: 0, signal: null })
    const heads = server.requests
      .filter(({ method }) => method === 'PUT')
      .map((request) => request.headers['last-uuid'])
    assert.deepEqual(heads.sort(), ['0-0', '1-0', '2-0', '3-0', '4-0', ...Array(5).fill(undefined)])
  })
}
