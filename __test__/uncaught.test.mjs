// What a host throws where nobody catches it: the end of the process where that is Node's rule, and nothing of ours
// where the host has a handler.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runScript } from './support/child.mjs'
import { createLogs, serve } from './support/server.mjs'

/** Has `append` and `read`, and bindings that do `HERE`. @param {string} here */
const host = (here) => `
  let uncaught = 0
  const here = () => { ${here} }
  addon.configure({
    getSessionIngressAuthToken: () => 't',
    logForDebugging: here,
    logForDiagnosticsNoPII: here,
    logError: here,
    retry: { baseDelayMs: 1 },
  })
  const append = (n) => addon.appendSessionLog('s' + (n % 3), { uuid: 'u' + n }, url + '/' + (n % 3))
  const read = (n) => addon.getSessionLogs('s' + n, url + '/' + n, { onProgress: here })
`

for (const [what, here] of [
  ['nothing', ''],
  ['an exception', `throw new Error('of the host')`],
  ['a rejection', `return Promise.reject(new Error('of the host'))`],
  ['an exception in a microtask', `queueMicrotask(() => { throw new Error('of the host') })`],
  ['an exception in the next tick', `process.nextTick(() => { throw new Error('of the host') })`],
]) {
  test(`where bindings bring ${what} and callbacks throw, a host that handles it loses nothing`, async (t) => {
    const { handler, logs } = createLogs()
    let failures = 0
    const server = await serve(t, (request, response, index) =>
      request.method === 'PUT' && ++failures % 4 === 1 ? { status: 503 } : handler(request, response, index),
    )
    const script = `
      ${host(here)}
      // One of each callback, whatever the bindings bring besides.
      const all = new Promise((resolve) => {
        process.on('uncaughtException', () => ++uncaught === 31 && resolve())
      })
      const settled = []
      for (let n = 0; n < 30; n++) {
        append(n).then((stored) => {
          settled.push(stored)
          throw new Error('of the host')
        })
      }
      const main = async () => {
        await addon.flush()
        const lists = await Promise.all([0, 1, 2].map(read))
        read(0).then(() => { throw new Error('of the host') })
        await all
        const stored = settled.filter(Boolean).length
        console.log(JSON.stringify([stored, lists.map((list) => list.length), addon.sessionStats().pending]))
      }
      main()`
    const ended = await runScript(script, { url: server.url })
    assert.deepEqual(ended, { stdout: '[30,[10,10,10],0]\n', stderr: '', code: 0, signal: null })
    assert.deepEqual(
      [...logs.values()].map((log) => log.length),
      [10, 10, 10],
    )
  })
}

for (const [what, script] of [
  ['in a callback of a promise', `append(1).then(() => { throw new Error('of the host') })`],
  ['in a callback of a read', `append(1).then(() => read(1)).then(() => { throw new Error('of the host') })`],
  [
    'that nobody catches, by the function for the token',
    `addon.configure({ getSessionIngressAuthToken: () => { throw new Error('of the host') } }); append(1)`,
  ],
]) {
  test(`an exception ${what} ends the process as Node does`, async (t) => {
    const { handler } = createLogs()
    const server = await serve(t, handler)
    const { stdout, stderr, code, signal } = await runScript(
      `${host('')}\nfor (let n = 0; n < 9; n++) append(0)\n${script}`,
      {
        url: server.url,
      },
    )
    assert.deepEqual({ stdout, code, signal }, { stdout: '', code: 1, signal: null })
    assert.match(stderr, /Error: of the host/)
  })
}
