// The end of a process, by itself, by process.exit or by a signal: at once, with Node's own exit code, and without a
// word on stderr.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from '../tools/shared/random.mjs'
import { runProgram, startProgram } from './support/child.mjs'
import { roundsOf, seedOf } from './support/random.mjs'
import { createGate, serve, serveInOrder } from './support/server.mjs'

const LIST = JSON.stringify({
  loglines: Array.from({ length: 2000 }, (_, n) => ({ uuid: `u${n}`, text: 'x'.repeat(300) })),
})

/** A server to whose connections nobody says goodbye. @param {import('node:test').TestContext} t */
async function serveForEver(t) {
  const server = await serve(t, ({ method }, _response, index) =>
    method === 'PUT' ? { status: index % 5 === 0 ? 500 : 201 } : { body: LIST },
  )
  server.server.keepAliveTimeout = 0
  return server
}

for (const [what, ...expected] of /** @type {[string, ...unknown[]][]} */ ([
  ['a configuration'],
  ['appends', true],
  ['an append that failed', false],
  ['an append without a token', false],
  ['an append that cannot be sent', false],
  ['a read', 2000],
  ['a read that failed', null],
  ['a read that cannot be sent', null],
  ['a read that was aborted', 'AbortError'],
  ['a read that a timeout aborted', 'TimeoutError'],
  ['20 reads that were aborted', 'AbortError'],
  ['a flush whose time was over, and what it waited for', false, true],
  ['a call that was refused', 'TypeError'],
  ['a cleared session', null],
])) {
  test(`after ${what} nothing keeps the process`, async (t) => {
    const server = await serve(t, ({ method, url }) => {
      if (url !== '/never') return method === 'PUT' ? { status: 201 } : { body: LIST }
    })
    server.server.keepAliveTimeout = 0
    const stdout = expected.map((value) => `${JSON.stringify(value)}\n`).join('')
    const ended = await runProgram('process-ends', { url: server.url, what })
    assert.deepEqual(ended, { stdout, stderr: '', code: 0, signal: null })
  })
}

test('a process whose append is still retrying stays alive until it has settled', async (t) => {
  const server = await serveInOrder(t, { status: 500 }, { status: 201 })
  const ended = await runProgram('process-ends', { url: server.url, what: 'appends' })
  assert.deepEqual(ended, { stdout: 'true\n', stderr: '', code: 0, signal: null })
  assert.equal(server.requests.length, 2)
})

test('process.exit ends a process at any moment of 50 appends and a read, with its code', async (t) => {
  const random = createRandom(seedOf(t))
  const server = await serveForEver(t)
  const ends = [
    'before anything is sent',
    ...Array(5).fill('at any time'),
    'in the function for the token',
    'in logForDebugging',
    'in logError',
    'in onProgress',
    'in toJSON',
    'after a flush',
    'with work that begins in its exit handler',
    'with calls in its exit handler',
  ]
  const rounds = roundsOf(ends.length)
  for (let round = 0; round < rounds; round++) {
    const end = ends[round % ends.length]
    const ended = await runProgram('busy-host', { url: server.url, end, milliseconds: random() * 40 })
    assert.deepEqual({ end, ...ended }, { end, stdout: '', stderr: '', code: 7, signal: null })
  }
})

for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT'])) {
  const skip = process.platform === 'win32' && 'Windows has no such signals'

  test(`${signal} ends a process at any moment, as Node's own`, { skip }, async (t) => {
    const random = createRandom(seedOf(t))
    const server = await serveForEver(t)
    const rounds = roundsOf(5)
    for (let round = 0; round < rounds; round++) {
      const { child, ended } = startProgram('busy-host', { url: server.url, end: 'by a signal' })
      await new Promise((resolve) => server.server.once('request', resolve))
      setTimeout(() => child.kill(signal), random() * 40)
      assert.deepEqual(await ended, { stdout: '', stderr: '', code: null, signal })
    }
  })

  test(`a handler of ${signal} that flushes stores what is queued`, { skip }, async (t) => {
    const { open, opened } = createGate()
    const server = await serve(t, async () => {
      await opened
      return { status: 201 }
    })
    const given = { url: server.url, end: 'by a signal whose handler flushes', signal }
    const { child, ended } = startProgram('busy-host', given)
    await new Promise((resolve) => server.server.once('request', resolve))
    child.kill(signal)
    await new Promise((resolve) => child.stdout.once('data', resolve))
    open()
    assert.deepEqual(await ended, { stdout: 'flushing\n', stderr: '', code: 0, signal: null })
    assert.equal(server.requests.length, 50)
  })
}
