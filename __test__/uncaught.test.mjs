// What a host throws where nobody catches it: the end of the process where that is Node's rule, and nothing of ours
// where the host has a handler.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runProgram } from './support/child.mjs'
import { createLogs, serve } from './support/server.mjs'

for (const brings of [
  'nothing',
  'an exception',
  'a rejection',
  'an exception in a microtask',
  'an exception in the next tick',
]) {
  test(`where host callbacks bring ${brings} and handlers of promises throw, a host that handles it loses nothing`, async (t) => {
    const { handler, logs } = createLogs()
    let failures = 0
    const server = await serve(t, (request, response, index) =>
      request.method === 'PUT' && ++failures % 4 === 1 ? { status: 503 } : handler(request, response, index),
    )
    const ended = await runProgram('uncaught', { url: server.url, brings })
    assert.deepEqual(ended, { stdout: '[30,[10,10,10],0]\n', stderr: '', code: 0, signal: null })
    assert.deepEqual(
      [...logs.values()].map((log) => log.length),
      [10, 10, 10],
    )
  })
}

for (const throws of [
  'in a callback of a promise',
  'in a callback of a read',
  'that nobody catches, by the function for the token',
]) {
  test(`an exception ${throws} ends the process as Node does`, async (t) => {
    const { handler } = createLogs()
    const server = await serve(t, handler)
    const { stdout, stderr, code, signal } = await runProgram('uncaught', { url: server.url, throws })
    assert.deepEqual({ stdout, code, signal }, { stdout: '', code: 1, signal: null })
    assert.match(stderr, /Error: of the host/)
  })
}
