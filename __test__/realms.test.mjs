// More than one realm, and more than one copy of the module in one environment.

import assert from 'node:assert/strict'
import { test } from 'node:test'
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
