// A panic inside costs one operation and a `logError`: SPEC section 2. The addon of these tests has points at which
// it panics when it is told to; the one that is shipped has none.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runScript } from './support/child.mjs'
import { createLogs, serve } from './support/server.mjs'

const BINDING = fileURLToPath(new URL('../binding.js', import.meta.url))
const skip = !('panicAt' in createRequire(import.meta.url)(BINDING)) && 'the quick build alone can be told to panic'

/**
 * Runs a script whose addon can panic: `panicAt(point, times)`. It has `told`, what `logError` was told, and
 * `print`, which writes a value as JSON.
 *
 * @param {string} script
 * @param {Record<string, unknown>} [values]
 */
function runPanicking(script, values) {
  const source = `
    const { panicAt } = require(BINDING)
    const told = []
    addon.configure({
      getSessionIngressAuthToken: () => 't',
      getOauthConfig: () => ({ BASE_API_URL: url }),
      retry: { baseDelayMs: 1 },
      logError: ({ message }) => told.push(message),
    })
    const print = (value) => console.log(JSON.stringify(value))
    const main = async () => { ${script} }
    main()`
  return runScript(source, { BINDING, url: 'http://127.0.0.1:9', ...values })
}

/** @param {unknown[]} lines */
function ended(...lines) {
  const stdout = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  return { stdout, stderr: '', code: 0, signal: null }
}

for (const [point, text] of [
  ['append', 'panic point append'],
  ['job', 'it was lost'],
]) {
  test(`a panic in a session's worker (${point}) fails that append, and the queue goes on`, { skip }, async (t) => {
    const { handler, logs } = createLogs()
    const server = await serve(t, handler)
    const script = `
      panicAt('${point}', 1)
      const first = addon.appendSessionLog('s', { uuid: 'u1' }, url)
      print([await addon.flush(), await first, told])
      panicAt('${point}', 1)
      const appends = [1, 2, 3].map((n) => addon.appendSessionLog('s', { uuid: 'u' + n }, url))
      print([await addon.flush(), await Promise.all(appends)])
      const { appended, failed, pending } = addon.sessionStats()
      print({ appended, failed, pending })`
    const message = `Error appending a session entry: internal error: ${text}`
    assert.deepEqual(
      await runPanicking(script, { url: `${server.url}/log` }),
      ended([true, false, [message]], [true, [false, true, true]], { appended: 2, failed: 2, pending: 0 }),
    )
    assert.deepEqual(
      logs.get('/log')?.map(({ uuid }) => uuid),
      ['u2', 'u3'],
    )
  })
}

for (const point of ['read', 'chunk', 'batch']) {
  test(`a panic in a read (${point}) makes it null, and the next one reads all`, { skip }, async (t) => {
    const list = Array.from({ length: 2000 }, (_, n) => ({ uuid: `u${n}`, text: 'x'.repeat(500) }))
    const events = { data: list.map((payload) => ({ payload })) }
    const server = await serve(t, ({ url }) => ({ body: url.includes('teleport') ? events : { loglines: list } }))
    const script = `
      for (const read of [
        () => addon.getSessionLogs('s', url),
        () => addon.getSessionLogsViaOAuth('s', 't', 'o'),
        () => addon.getTeleportEvents('s', 't', 'o'),
      ]) {
        panicAt('${point}', 1)
        const reads = [await read(), await read()]
        print([reads.map((list) => list && list.length), told.splice(0)])
      }`
    const log = [`Error reading a session log: internal error: panic point ${point}`]
    const teleport = [`Error reading teleport events: internal error: panic point ${point}`]
    assert.deepEqual(
      await runPanicking(script, { url: server.url }),
      ended([[null, 2000], log], [[null, 2000], log], [[null, 2000], teleport]),
    )
  })
}

test('a panic while a promise is settled fails that operation alone', { skip }, async (t) => {
  const server = await serve(t, ({ method }) => (method === 'PUT' ? { status: 201 } : { body: { loglines: [1] } }))
  const script = `
    panicAt('settle', 1)
    print([await addon.appendSessionLog('s', { uuid: 'a' }, url), told.splice(0)])
    print([await addon.appendSessionLog('s', { uuid: 'b' }, url), told.splice(0)])
    panicAt('settle', 1)
    print([await addon.getSessionLogs('s', url), told.splice(0)])
    print([await addon.getSessionLogs('s', url), told.splice(0)])
    const { appended, failed, pending } = addon.sessionStats()
    print({ appended, failed, pending })`
  assert.deepEqual(
    await runPanicking(script, { url: server.url }),
    ended(
      [false, ['Error appending a session entry: internal error: panic point settle']],
      [true, []],
      [null, ['Error reading a session log: internal error: panic point settle']],
      [[1], []],
      { appended: 1, failed: 1, pending: 0 },
    ),
  )
})

test('a panic while the host is told something loses that report alone', { skip }, async (t) => {
  const server = await serve(t, (_request, _response, index) => ({ status: [500, 500, 201][index] }))
  const script = `
    panicAt('report', 1)
    print([await addon.appendSessionLog('s', { uuid: 'a' }, url), told])`
  assert.deepEqual(
    await runPanicking(script, { url: server.url }),
    ended([
      true,
      [
        'Error reporting to the host: internal error: panic point report',
        'Error appending a session entry: the server answered 500',
      ],
    ]),
  )
})

test('panics without end in telling and settling end nothing but what they hit', { skip }, async (t) => {
  const server = await serve(t, () => ({ status: 500 }))
  const script = `
    panicAt('report', 1e6)
    panicAt('settle', 1e6)
    panicAt('append', 1e6)
    print(await Promise.all([1, 2, 3].map((n) => addon.appendSessionLog('s', { uuid: 'u' + n }, url))))
    print([await addon.getSessionLogs('s', url), told])`
  assert.deepEqual(await runPanicking(script, { url: server.url }), ended([false, false, false], [null, []]))
})

test('a panic while arguments are read fails that call', { skip }, async () => {
  const script = `
    const panicking = async (call) => {
      panicAt('argument', 1)
      return (await call()) ?? null
    }
    print(await panicking(() => addon.appendSessionLog('s', { uuid: 'u' }, url)))
    print(await panicking(() => addon.getSessionLogs('s', url)))
    print(await panicking(() => addon.getSessionLogsViaOAuth('s', 't', 'o')))
    print(await panicking(() => addon.getTeleportEvents('s', 't', 'o')))
    print(await panicking(() => addon.flush({ sessionId: 's' })))
    print(await panicking(() => addon.clearSession('s')))
    await new Promise(setImmediate)
    print(told.map((message) => message.replace(/^Error (.*): internal error: panic point argument$/, '$1')))`
  const operations = [
    'appending a session entry',
    'reading a session log',
    'reading a session log',
    'reading teleport events',
    'waiting for appends',
    'clearing sessions',
  ]
  assert.deepEqual(await runPanicking(script), ended(false, null, null, null, false, null, operations))
})

test('a panic in a function that gives no promise is thrown', { skip }, async () => {
  const script = `
    panicAt('argument', 1)
    let thrown
    try { addon.sessionStats('s') } catch (error) { thrown = error }
    print([thrown instanceof Error, addon.sessionStats('s').pending])`
  assert.deepEqual(await runPanicking(script), ended([true, 0]))
})
