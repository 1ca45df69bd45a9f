// More than one realm, and more than one copy of the module in one environment.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runScript } from './support/child.mjs'
import { createLogs, serve } from './support/server.mjs'

test('entries, bindings and errors of another realm are as good as those of our own', async (t) => {
  const { handler, logs } = createLogs()
  const server = await serve(t, (request, response, index) => {
    if (request.url !== '/log/never') return handler(request, response, index)
  })
  const script = `
    const vm = require('node:vm')
    const context = vm.createContext({ addon, url: url + '/log', AbortController, setTimeout, console })
    vm.runInContext(\`
      const told = []
      addon.configure({
        getSessionIngressAuthToken: () => 't',
        getOauthConfig: () => ({ BASE_API_URL: url }),
        getOAuthHeaders: () => ({ 'x-realm': 'other' }),
        logForDiagnosticsNoPII: (level, event) => told.push(event),
        logError: (error) => told.push(error.message),
        retry: { baseDelayMs: 1 },
      })
      const print = (value) => console.log(JSON.stringify(value))
      const main = async () => {
        class Entry { constructor(uuid) { this.uuid = uuid } toJSON() { return { uuid: this.uuid, at: new Date(0), list: [1, [2]] } } }
        print(await addon.appendSessionLog('s', new Entry('a'), url))
        print(await addon.appendSessionLog('s', new Proxy({ uuid: 'b' }, {}), url))
        const thrown = new RangeError('of the realm')
        print(await addon.appendSessionLog('s', { uuid: 'c', toJSON() { throw thrown } }, url))
        print(await addon.getSessionLogs('s', url, { onProgress: ({ entries }) => told.push(entries) }))
        const controller = new AbortController()
        setTimeout(() => controller.abort(thrown), 10)
        const aborted = await addon.getSessionLogs('s', url + '/never', { signal: controller.signal }).catch((error) => error)
        addon.configure({ getSessionIngressAuthToken: () => { throw thrown } })
        const refused = await addon.appendSessionLog('s', { uuid: 'd' }, url).catch((error) => error)
        addon.configure({ getSessionIngressAuthToken: async () => 't' })
        const wrong = await addon.appendSessionLog('s', { uuid: 'd' }, url).catch((error) => error)
        print([aborted === thrown, refused === thrown, wrong.message, told])
      }
      main()
    \`, context)`
  const ended = await runScript(script, { url: server.url })
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

/** Two copies of the module in one environment, as `one` and `other`, made by `load`. */
for (const [what, load] of [
  [
    'loaded again without the cache',
    `const load = () => {
       for (const path of Object.keys(require.cache)) delete require.cache[path]
       return require(ADDON)
     }`,
  ],
  [
    'opened twice by process.dlopen',
    `require(ADDON)
     const file = Object.keys(require.cache).find((path) => path.endsWith('.node'))
     const load = () => {
       const module = { exports: {} }
       process.dlopen(module, file)
       return module.exports
     }`,
  ],
]) {
  test(`a module that is ${what} has state of its own, and both work and end`, async (t) => {
    const server = await serve(t, ({ method }) => (method === 'PUT' ? { status: 201 } : { body: { loglines: [1] } }))
    const script = `
      ${load}
      const copies = Array.from({ length: 5 }, load)
      const main = async () => {
        copies.forEach((copy, n) => copy.configure({ getSessionIngressAuthToken: () => 't' + n }))
        const of = (n) => copies.flatMap((copy, number) => [
          copy.appendSessionLog('s', { uuid: number + '-' + n }, url), copy.getSessionLogs('r', url), copy.flush(),
        ])
        await Promise.all([of(0), of(1)].flat())
        console.log(JSON.stringify(copies.map((copy) => [copy.sessionStats().appended, copy.sessionStats('s').head])))
      }
      main()`
    const expected = Array.from({ length: 5 }, (_, number) => [2, `${number}-1`])
    const ended = await runScript(script, { url: server.url }, { load: false })
    assert.deepEqual(ended, { stdout: `${JSON.stringify(expected)}\n`, stderr: '', code: 0, signal: null })
    const heads = server.requests
      .filter(({ method }) => method === 'PUT')
      .map((request) => request.headers['last-uuid'])
    assert.deepEqual(heads.sort(), ['0-0', '1-0', '2-0', '3-0', '4-0', ...Array(5).fill(undefined)])
  })
}
