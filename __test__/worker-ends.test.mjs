// Workers that end, by themselves or at any moment: they take nothing down, leave nothing behind, and what they had
// queued is still sent.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { interrupt, runProgram, startProgram } from './support/child.mjs'
import { roundsOf, seedOf } from './support/random.mjs'
import { createGate, serve } from './support/server.mjs'

const LIST = JSON.stringify({
  loglines: Array.from({ length: 2000 }, (_, n) => ({ uuid: `u${n}`, text: 'x'.repeat(300) })),
})

/** Stores two of three entries, and has a log that takes several slices. @param {import('node:test').TestContext} t */
function serveAnything(t) {
  return serve(t, ({ method }, _response, index) =>
    method === 'PUT' ? { status: index % 3 === 0 ? 500 : 201 } : { body: LIST },
  )
}

test('workers that end at any moment take nothing down, and leave neither threads nor memory', async (t) => {
  const server = await serveAnything(t)
  const [rounds, seed] = [roundsOf(200), seedOf(t)]
  const { stdout, ...rest } = await runProgram(
    'ended-workers',
    { url: server.url, rounds, seed },
    { timeout: 60_000 + rounds * 1000 },
  )
  assert.deepEqual(rest, { stderr: '', code: 0, signal: null })
  const { before, after, unexpected } = JSON.parse(stdout)
  t.diagnostic(`${rounds} workers: ${JSON.stringify({ before, after })}`)
  assert.deepEqual(unexpected, [])
  assert.ok(after.threads <= before.threads, `${before.threads} threads, then ${after.threads}`)
  // The runtime's one, and those on which files are read: as many as workers have asked at once, for ten seconds more.
  assert.ok(after.ours <= 1 + 4, `${after.ours} threads of the addon`)
  // What three quarters of them leave; one environment alone has several megabytes.
  assert.ok(after.megabytes - before.megabytes < 32, `${before.megabytes} MB, then ${after.megabytes} MB`)
})

test('the first load raced by many workers gives each its own state, and one runtime', async (t) => {
  const server = await serve(t, () => ({ status: 201 }))
  const rounds = roundsOf(3)
  for (let round = 0; round < rounds; round++) {
    server.requests.length = 0
    const ended = await runProgram('raced-load', { url: server.url })
    assert.deepEqual(ended, { stdout: '{"ok":true,"runtimes":1}\n', stderr: '', code: 0, signal: null })
    const tokens = new Set(server.requests.map(({ headers }) => headers.authorization))
    assert.deepEqual([tokens.size, server.requests.length], [16, 16])
    assert.ok(server.requests.every(({ headers }) => headers['last-uuid'] === undefined))
  }
})

for (const [end, code] of /** @type {[string, number][]} */ ([
  ['process.exit', 5],
  ['an exception', 1],
])) {
  test(`what a worker had queued is still sent after ${end}, though the main thread never loads the addon`, async (t) => {
    const { open, opened } = createGate()
    const { open: all, opened: allSent } = createGate()
    const server = await serve(t, async (_request, _response, index) => {
      await opened
      if (index === 19) all()
      return { status: 201 }
    })
    const { child, ended } = startProgram('queue-of-worker', { url: server.url, end })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    open()
    await allSent
    interrupt(child, 'SIGTERM')
    assert.deepEqual(await ended, { stdout: `${code}\n`, stderr: '', code: 0, signal: null })
    const sent = server.requests.map((request) => [request.json().uuid, request.headers['last-uuid']])
    const expected = Array.from({ length: 20 }, (_, n) => [`w${n}`, n > 0 ? `w${n - 1}` : undefined])
    assert.deepEqual(sent, expected)
  })
}

test('a worker ends by itself when all has settled, while the main thread goes on', async (t) => {
  const server = await serve(t, ({ method }) => (method === 'PUT' ? { status: 201 } : { body: { loglines: [1] } }))
  const ends = Array.from({ length: 20 }, (_, n) => n % 2 === 0 || 0)
  assert.deepEqual(await runProgram('worker-after-worker', { url: server.url }), {
    stdout: `${JSON.stringify([ends, 10])}\n`,
    stderr: '',
    code: 0,
    signal: null,
  })
})
