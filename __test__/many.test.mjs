// Costs that grow with the number of operations that are pending, and no faster: measured by ratios in one run.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { performance } from 'node:perf_hooks'
import { test } from 'node:test'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { runProgram } from './support/child.mjs'
import { serve } from './support/server.mjs'

const { appendSessionLog, flush, getSessionLogs } = addon

/**
 * The times that `work` takes for 1,000 and for 10,000 operations, the shortest of three each: whatever else the machine
 * does only adds to them.
 *
 * @param {(operations: number) => Promise<void>} work
 */
async function timesOf(work) {
  const best = { few: Infinity, many: Infinity }
  for (let round = 0; round < 3; round++) {
    for (const [name, operations] of /** @type {['few' | 'many', number][]} */ ([
      ['few', 1000],
      ['many', 10_000],
    ])) {
      const start = performance.now()
      await work(operations)
      best[name] = Math.min(best[name], performance.now() - start)
    }
  }
  return best
}

/**
 * Ten times as many take ten times as long; if the time grew by the square, it would be a hundred times.
 *
 * @param {{ few: number, many: number }} times
 */
function assertLinear({ few, many }) {
  assert.ok(many <= 40 * few, `${Math.round(few)} ms for 1,000, and ${Math.round(many)} ms for 10,000`)
}

/** @param {import('node:test').TestContext} t */
async function serveNothing(t) {
  /** @type {Set<import('node:net').Socket>} */
  const sockets = new Set()
  const server = createServer((socket) => sockets.add(socket.on('error', () => {}))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`
}

test('the time of reads with a signal each grows no faster than their number', async (t) => {
  useHost(t)
  const url = await serveNothing(t)
  assertLinear(
    await timesOf(async (operations) => {
      const controllers = Array.from({ length: operations }, () => new AbortController())
      const reads = controllers.map(({ signal }, n) => getSessionLogs(`s${n}`, url, { signal }))
      for (const controller of controllers) controller.abort()
      const ended = await Promise.allSettled(reads)
      assert.ok(ended.every(({ status }) => status === 'rejected'))
    }),
  )
})

for (const [whose, sessionIdOf] of /** @type {[string, (n: number) => string | undefined][]} */ ([
  ['for all sessions', () => undefined],
  ['for a session each', (n) => `s${n}`],
])) {
  test(`the time of flushes ${whose} grows no faster than their number`, async (t) => {
    useHost(t, { getSessionIngressAuthToken: () => null })
    assertLinear(
      await timesOf(async (operations) => {
        const flushes = []
        for (let n = 0; n < operations; n++) {
          if (n === 0 || sessionIdOf(n)) appendSessionLog(`s${n}`, createEntry(), 'http://127.0.0.1:9/')
          flushes.push(flush({ sessionId: sessionIdOf(n), timeoutMs: n % 2 === 0 ? 60_000 : undefined }))
        }
        assert.ok((await Promise.all(flushes)).every((is) => is === true))
      }),
    )
  })
}

test('ids of sessions that were only read cost no memory', async (t) => {
  const server = await serve(t, () => ({ status: 404 }))
  const { stdout, stderr, code } = await runProgram('many-reads', { url: server.url })
  assert.deepEqual({ stdout, stderr, code }, { stdout: 'true\n', stderr: '', code: 0 })
})
