// NODE_DEBUG=session-ingress: debug lines on stderr, as Node's own modules write theirs.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runScript } from './support/child.mjs'
import { serveInOrder } from './support/server.mjs'

const APPEND = `
  process.env.NO_PROXY = '127.0.0.1'
  addon.configure({ getSessionIngressAuthToken: () => 'secret-token', retry: { baseDelayMs: 1 } })
  addon.appendSessionLog('s', { uuid: 'a' }, url).then((appended) => console.log(process.pid, appended))`

/** @param {import('node:test').TestContext} t @param {string | undefined} NODE_DEBUG @param {string} [script] */
async function append(t, NODE_DEBUG, script = APPEND) {
  const server = await serveInOrder(t, { status: 500 }, { status: 201 })
  return runScript(script, { url: server.url }, { env: { ...process.env, NODE_DEBUG } })
}

test('debug lines and errors go to stderr in the shape that Node has for them, without the token', async (t) => {
  const { stdout, stderr } = await append(t, 'session-ingress')
  const [pid] = stdout.split(' ')
  const lines = stderr.trimEnd().split('\n')
  assert.ok(lines.length >= 3)
  for (const line of lines) assert.ok(line.startsWith(`SESSION-INGRESS ${pid}: `), line)
  assert.ok(lines.includes(`SESSION-INGRESS ${pid}: Appended a`))
  assert.match(stderr, /the server answered 500/)
  assert.doesNotMatch(stderr, /secret-token/)
})

test('the name is matched as Node matches those of its own modules', async (t) => {
  for (const names of ['SESSION-INGRESS', 'http,session-ingress', 'session*', '*ingress']) {
    const { stderr } = await append(t, names)
    assert.match(stderr, /^SESSION-INGRESS \d+: Appended a$/m, names)
  }
  for (const names of [undefined, '', 'session', 'ingress', 'session-ingress-x']) {
    const { stderr } = await append(t, names)
    assert.equal(stderr, '', names)
  }
})

test('it works beside logForDebugging, whenever that is set', async (t) => {
  const { stdout, stderr } = await append(
    t,
    'session-ingress',
    `${APPEND}
    addon.configure({ logForDebugging: (line) => console.log('host: ' + line) })`,
  )
  assert.match(stdout, /^host: Appended a$/m)
  assert.match(stderr, /: Appended a$/m)
  const without = await append(t, 'session-ingress', `addon.configure({ logForDebugging: null })\n${APPEND}`)
  assert.match(without.stderr, /: Appended a$/m)
})

test('who imports the package as an ES module has it, too, and so has a worker', async (t) => {
  const byImport = `import('session-ingress').then((addon) => {${APPEND}})`
  assert.match((await append(t, 'session-ingress', byImport)).stderr, /: Appended a$/m)
  const inWorker = `
    const { Worker } = require('node:worker_threads')
    const script = 'const addon = require("session-ingress"); const url = ' + JSON.stringify(url)
    new Worker(script + ${JSON.stringify(APPEND)}, { eval: true })`
  assert.match((await append(t, 'session-ingress', inWorker)).stderr, /: Appended a$/m)
})
