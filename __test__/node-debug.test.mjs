// NODE_DEBUG=session-ingress: debug lines on stderr, as Node's own modules write theirs.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runProgram } from './support/child.mjs'
import { serveInOrder } from './support/server.mjs'

/** @param {import('node:test').TestContext} t @param {string | undefined} NODE_DEBUG @param {string} [how] see fixtures/node-debug.cjs */
async function append(t, NODE_DEBUG, how) {
  const server = await serveInOrder(t, { status: 500 }, { status: 201 })
  return runProgram('node-debug', { url: server.url, how }, { env: { ...process.env, NODE_DEBUG } })
}

test('under NODE_DEBUG debug lines and errors go to stderr in the shape that Node has for them, without the token', async (t) => {
  const { stdout, stderr } = await append(t, 'session-ingress')
  const [pid] = stdout.split(' ')
  const lines = stderr.trimEnd().split('\n')
  assert.ok(lines.length >= 3)
  for (const line of lines) assert.ok(line.startsWith(`SESSION-INGRESS ${pid}: `), line)
  assert.ok(lines.includes(`SESSION-INGRESS ${pid}: Appended a`))
  assert.match(stderr, /the server answered 500/)
  assert.doesNotMatch(stderr, /secret-token/)
})

test('NODE_DEBUG is matched as Node matches the names of its own modules', async (t) => {
  for (const names of ['SESSION-INGRESS', 'http,session-ingress', 'session*', '*ingress']) {
    const { stderr } = await append(t, names)
    assert.match(stderr, /^SESSION-INGRESS \d+: Appended a$/m, names)
  }
  for (const names of [undefined, '', 'session', 'ingress', 'session-ingress-x']) {
    const { stderr } = await append(t, names)
    assert.equal(stderr, '', names)
  }
})

test('NODE_DEBUG works beside logForDebugging, whenever that is set', async (t) => {
  const { stdout, stderr } = await append(t, 'session-ingress', 'with logForDebugging set afterwards')
  assert.match(stdout, /^host: Appended a$/m)
  assert.match(stderr, /: Appended a$/m)
  const without = await append(t, 'session-ingress', 'with logForDebugging unset before')
  assert.match(without.stderr, /: Appended a$/m)
})

test('NODE_DEBUG works where the package is imported as an ES module, and in a worker', async (t) => {
  assert.match((await append(t, 'session-ingress', 'by import')).stderr, /: Appended a$/m)
  assert.match((await append(t, 'session-ingress', 'in a worker')).stderr, /: Appended a$/m)
})
