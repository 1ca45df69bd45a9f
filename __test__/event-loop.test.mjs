// A process ends when all has settled, and not before; and it stays responsive meanwhile.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { runScript } from './support/child.mjs'
import { createLogs, serve, serveInOrder } from './support/server.mjs'

test('a script that loads the addon ends by itself', async () => {
  assert.deepEqual(await runScript(`addon.configure({})`), { stdout: '', stderr: '', code: 0, signal: null })
})

test('a script that appends and reads ends by itself when its promises have settled', async (t) => {
  const { handler, logs } = createLogs()
  const server = await serve(t, handler)
  const script = `
    addon.configure({ getSessionIngressAuthToken: () => 't' })
    const appends = Array.from({ length: 50 }, (_, n) => addon.appendSessionLog('s', { uuid: 'u' + n }, url))
    Promise.all(appends).then(() => addon.getSessionLogs('s', url)).then((log) => console.log(log.length))
  `
  const { stdout, stderr, code } = await runScript(script, { url: `${server.url}/log` })
  assert.deepEqual({ stdout, stderr, code }, { stdout: '50\n', stderr: '', code: 0 })
  assert.equal(logs.get('/log')?.length, 50)
})

test('a script whose append is still retrying stays alive until it has settled', async (t) => {
  const server = await serveInOrder(t, { status: 500 }, { status: 500 }, { status: 201 })
  const script = `
    addon.configure({ getSessionIngressAuthToken: () => 't', retry: { baseDelayMs: 30 } })
    addon.appendSessionLog('s', { uuid: 'u' }, url)
    process.on('exit', () => console.log('exit'))
  `
  const { stdout, code } = await runScript(script, { url: server.url })
  assert.deepEqual({ stdout, code }, { stdout: 'exit\n', code: 0 })
  assert.equal(server.requests.length, 3)
})

test('a call that needs no request lets the script end too', async () => {
  const script = `
    addon.configure({ getSessionIngressAuthToken: () => null })
    addon.appendSessionLog('s', { uuid: 'u' }, 'http://127.0.0.1:9/').then(console.log)
    addon.getSessionLogs('s', 'nonsense').then(console.log)
    addon.clearSession('s')
    addon.appendSessionLog().catch((error) => console.log(error.name))
  `
  const { stdout, code } = await runScript(script)
  assert.deepEqual(stdout.split('\n').sort(), ['', 'TypeError', 'false', 'null'])
  assert.equal(code, 0)
})

test('while a long list is handed over, other work of the event loop goes on', async (t) => {
  useHost(t)
  const entries = Array.from({ length: 20_000 }, () => createEntry({ text: 'x'.repeat(500) }))
  const server = await serveInOrder(t, { body: { loglines: entries } })
  let turns = 0
  let done = false
  const count = () => {
    turns += 1
    if (!done) setImmediate(count)
  }
  const read = addon.getSessionLogs('s', server.url)
  // What the test's own server does in the event loop is over when the answer was sent.
  await new Promise((resolve) => server.server.once('request', (_, response) => response.once('finish', resolve)))
  count()
  assert.equal((await read)?.length, 20_000)
  done = true
  assert.ok(turns > 2, `${turns} turns`)
})

const READ = `
  addon.configure({ getSessionIngressAuthToken: () => 't' })
  addon.getSessionLogs('s', url).then((log) => console.log(log.length))
`

for (const [when, script, skip] of /** @type {[string, string, string | false][]} */ ([
  ['after the addon was loaded', `const addon = require(ADDON); ENABLE; ${READ}`, false],
  [
    'before, in the place of the global ones',
    `globalThis.setImmediate = globalThis.setTimeout = () => {}; const addon = require(ADDON); ${READ}`,
    !('getBuiltinModule' in process) && 'this Node gives out the real ones by `require` alone',
  ],
])) {
  test(`a long list is handed over under fake timers that were installed ${when}`, { skip }, async (t) => {
    const entries = Array.from({ length: 5000 }, () => createEntry({ text: 'x'.repeat(500) }))
    const server = await serveInOrder(t, { body: { loglines: entries } })
    const enable = `
      for (const timers of [globalThis, require('node:timers'), require('node:timers/promises')]) {
        timers.setImmediate = timers.setTimeout = () => {}
      }`
    const ended = await runScript(
      script.replace('ENABLE', () => enable),
      { url: server.url },
      { load: false },
    )
    assert.deepEqual(ended, { stdout: '5000\n', stderr: '', code: 0, signal: null })
  })
}
