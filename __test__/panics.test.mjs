// A panic inside costs one operation and a `logError`: specification.md, section 2. The addon of these tests has points at which
// it panics when it is told to; the one that is shipped has none.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runProgram } from './support/child.mjs'
import { createFolder } from './support/package.mjs'
import { skip } from './support/panic-points.mjs'
import { createLogs, serve } from './support/server.mjs'

/** Runs fixtures/panics.cjs; in its output, where the code panicked is (FILE:LINE). @param {Record<string, unknown>} values */
async function runPanics(values) {
  const { stdout, ...ended } = await runProgram('panics', values)
  return { stdout: stdout.replace(/\((?:core\/)?src[/\\\w]+\.rs:\d+\)/g, '(FILE:LINE)'), ...ended }
}

const ENDED = { stderr: '', code: 0, signal: null }

/** @param {unknown[]} lines */
function ended(...lines) {
  const stdout = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  return { stdout, ...ENDED }
}

for (const [point, text] of [
  ['append', 'panic point append (FILE:LINE)'],
  ['job', 'panic point job (FILE:LINE)'],
]) {
  test(`a panic in a session's worker (${point}) fails that append, and the queue goes on`, { skip }, async (t) => {
    const { handler, logs } = createLogs()
    const server = await serve(t, handler)
    const message = `Error appending a session entry: internal error: ${text}`
    assert.deepEqual(
      await runPanics({ url: `${server.url}/log`, what: 'appends', point }),
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
    const log = [`Error reading a session log: internal error: panic point ${point} (FILE:LINE)`]
    const teleport = [`Error reading teleport events: internal error: panic point ${point} (FILE:LINE)`]
    assert.deepEqual(
      await runPanics({ url: server.url, what: 'reads', point }),
      ended([[null, 2000], log], [[null, 2000], log], [[null, 2000], teleport]),
    )
  })
}

test('a panic while a promise is settled fails that operation alone', { skip }, async (t) => {
  const server = await serve(t, ({ method }) => (method === 'PUT' ? { status: 201 } : { body: { loglines: [1] } }))
  assert.deepEqual(
    await runPanics({ url: server.url, what: 'settles' }),
    ended(
      [false, ['Error appending a session entry: internal error: panic point settle (FILE:LINE)']],
      [true, []],
      [null, ['Error reading a session log: internal error: panic point settle (FILE:LINE)']],
      [[1], []],
      { appended: 1, failed: 1, pending: 0 },
    ),
  )
})

test('a panic while something is reported to the host loses that report alone', { skip }, async (t) => {
  const server = await serve(t, (_request, _response, index) => ({ status: [500, 500, 201][index] }))
  assert.deepEqual(
    await runPanics({ url: server.url, what: 'is told' }),
    ended([
      true,
      [
        'Error reporting to the host: internal error: panic point report (FILE:LINE)',
        'Error appending a session entry: the server answered 500',
      ],
    ]),
  )
})

test('panics at every report and every settlement fail the operations that they hit, and end nothing else', {
  skip,
}, async (t) => {
  const server = await serve(t, () => ({ status: 500 }))
  assert.deepEqual(
    await runPanics({ url: server.url, what: 'panics without end' }),
    ended([false, false, false], [null, []]),
  )
})

test('a panic while the arguments of a call are read fails that call alone', { skip }, async () => {
  const operations = [
    'appending a session entry',
    'reading a session log',
    'reading a session log',
    'reading teleport events',
    'waiting for appends',
    'clearing sessions',
  ]
  assert.deepEqual(
    await runPanics({ what: 'passes arguments' }),
    ended(false, null, null, null, false, null, operations),
  )
})

/** Runs a host that shuts down after an append to each of the sessions. @param {import('node:test').TestContext} t @param {Record<string, unknown>} values */
async function shutDown(t, values) {
  const { url } = await serve(t, createLogs().handler)
  const { stdout, ...end } = await runPanics({ url, what: 'shuts down', ...values })
  assert.deepEqual(end, ENDED)
  return JSON.parse(stdout)
}

for (const point of ['append', 'job']) {
  test(`shutdown ends where a queue has panicked (${point})`, { skip }, async (t) => {
    const told = [`Error appending a session entry: internal error: panic point ${point} (FILE:LINE)`]
    assert.deepEqual(await shutDown(t, { point, sessions: ['s', 's'] }), [
      [false, true],
      { stored: 1, lost: ['u0'] },
      told,
    ])
  })
}

test('shutdown ends where a queue with an outbox has panicked, and keeps its entry', { skip }, async (t) => {
  const told = ['Error appending a session entry: internal error: panic point append (FILE:LINE)']
  const values = { point: 'append', sessions: ['s'], dir: createFolder(t) }
  assert.deepEqual(await shutDown(t, values), [[false], { stored: 0, lost: [] }, told])
})

test('shutdown ends where it panics over one session, and keeps those of others', { skip }, async (t) => {
  // It gives no response, and so no error before the shutdown.
  const { url } = await serve(t, () => undefined)
  const values = { point: 'keep', sessions: ['s', 't'], dir: createFolder(t), timeoutMs: 0, url }
  const [settled, { stored, lost }, told] = await shutDown(t, values)
  assert.deepEqual([settled, stored], [[false, false], 0])
  assert.deepEqual(told, [
    'Error appending a session entry: internal error: panic point keep (FILE:LINE)',
    'Error shutting down: internal error: panic point keep',
  ])
  // Which of the two comes first is not said.
  assert.ok(lost.length === 1 && ['u0', 'u1'].includes(lost[0]), lost.join())
})

test('a panic in the look for what others left costs that look alone', { skip }, async (t) => {
  const told = ['Error looking into the outbox: internal error: panic point look (FILE:LINE)']
  const values = { point: 'look', sessions: ['s', 's'], dir: createFolder(t) }
  assert.deepEqual(await shutDown(t, values), [[true, true], { stored: 2, lost: [] }, told])
})

test('a panic in a function that gives no promise is thrown', { skip }, async () => {
  assert.deepEqual(await runPanics({ what: 'asks for figures' }), ended([true, 0]))
})
