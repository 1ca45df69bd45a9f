// Whatever servers do, every promise settles, the process lives, and its memory stays small. specification.md, section 8.

import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { ENTRY } from './support/any-server/forms.mjs'
import { scripts } from './support/any-server/scripts.mjs'
import { startAnyServer } from './support/any-server/server.mjs'
import './support/binary.mjs'
import { check } from './support/fuzz.mjs'
import { serve } from './support/server.mjs'

const HOST = fileURLToPath(new URL('fixtures/any-server.cjs', import.meta.url))
/** By how much the memory of the process may grow in all. */
const MOST_GROWTH = 150e6

/** How long a log is that is searched, and by how much memory may grow meanwhile. */
const LOG_BYTES = Number(process.env.FUZZ_LOG_MB ?? 64) * 1e6
const MOST_GROWTH_OF_SEARCH = 20e6

const TIMEOUTS = { connectMs: 500, appendMs: 200, fetchMs: 60 }
const RETRY = { baseDelayMs: 5, maxDelayMs: 10, maxAttempts: 2, maxConflicts: 3, giveUpOn: [418] }
const OPTIONS = { timeouts: TIMEOUTS, limits: { maxResponseBytes: 8 * 1024 * 1024 } }
/** Needs more than a second for its body. */
const LARGE = 70_000

const SLOW_MACHINE_MS = 30_000
/** Of a body that trickles: a second for each 4 KiB, of which no script sends more than two thirds in that time. */
const BODY_MS = 3 * 10 * TIMEOUTS.fetchMs
const READ_MS = 2 * 22 * TIMEOUTS.fetchMs + BODY_MS
const PUTS = RETRY.maxAttempts + RETRY.maxConflicts
/** What the limits allow: redirects, one repetition, and for an append drained bodies, searches and waits. @type {Record<string, number>} */
const ALLOWED_MS = {
  append: PUTS * (TIMEOUTS.appendMs + (LARGE / 65_536) * 1000 + 1000 + READ_MS + 1000),
  read: READ_MS,
  oauth: READ_MS,
  events: 100 * READ_MS,
}
const EXPIRED = 'rejected: Your session has expired. Please run /login to sign in again.'
/** @type {Record<string, string[]>} */
const RESULTS = {
  append: ['true', 'false'],
  read: ['a list', 'null'],
  oauth: ['a list', 'null'],
  events: ['a list', 'null', EXPIRED],
}

const call = fc.record({
  what: fc.constantFrom(
    ...['append', 'append', 'append', 'append', 'append', 'append', 'read', 'read', 'oauth', 'events'],
  ),
  scripts,
  large: fc.integer({ min: 0, max: 19 }).map((number) => number === 0),
  verifyConflicts: fc.boolean(),
})

/** A process that makes calls. @param {import('node:test').TestContext} t */
function startHost(t) {
  const env = { ...process.env, NO_PROXY: '*', no_proxy: '*' }
  const child = fork(HOST, { env, execArgv: ['--expose-gc'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  t.after(() => child.kill('SIGKILL'))

  /** Makes calls, and returns what became of them, in their order. @param {any[]} calls @param {object} options @param {number} allowed @returns {Promise<any>} */
  return (calls, options, allowed) =>
    new Promise((resolve, reject) => {
      /** @type {any[]} */
      const results = calls.map(() => undefined)
      const onMessage = (/** @type {any} */ message) => {
        if (!message.done) results[message.index] = message
        else settle(() => resolve({ ...message, results }))
      }
      const onExit = (/** @type {any} */ code, /** @type {any} */ signal) =>
        settle(() => reject(new Error(`the process ended with ${code ?? signal}`)))
      const pending = () => results.flatMap((result, index) => (result === undefined ? [index] : []))
      const timer = setTimeout(
        () => settle(() => reject(new Error(`after ${allowed} ms calls ${pending()} had not settled`))),
        allowed,
      )
      const settle = (/** @type {() => void} */ how) => {
        clearTimeout(timer)
        child.off('message', onMessage).off('exit', onExit)
        how()
      }
      child.on('message', onMessage).on('exit', onExit)
      child.send({ calls, options })
    })
}

test('whatever servers respond, every promise settles, the process lives, and its memory grows by less than 150 MB', async (t) => {
  const make = startHost(t)
  const healthy = await serve(t, ({ method }) => (method === 'PUT' ? { status: 201 } : { body: { loglines: [1] } }))
  /** @type {number[]} */
  const ports = []
  const server = await startAnyServer(t, () => ports[1])
  const other = await startAnyServer(t, () => ports[0])
  ports.push(server.port, other.port)
  /** @type {Record<string, number>} */
  const counts = {}
  let longest = 0
  let most = 0
  let number = 0

  const property = fc.asyncProperty(fc.array(call, { minLength: 12, maxLength: 16 }), async (cases) => {
    const calls = cases.map(({ what, large, verifyConflicts }, index) => {
      number += 1
      const uuid = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
      const entry = { uuid, type: 'user', text: 'x'.repeat(large ? LARGE : 10) }
      const options = { retry: { ...RETRY, verifyConflicts } }
      return { what, session: String(index), url: `http://127.0.0.1:${server.port}`, entry, options }
    })
    for (const { state } of [server, other]) {
      Object.assign(state, { paths: cases.map(({ scripts }) => scripts), counts: [] })
      state.uuids = calls.map(({ entry }) => entry.uuid)
    }
    const allowed = Math.max(...calls.map(({ what }) => ALLOWED_MS[what])) + SLOW_MACHINE_MS
    const { results, flushed, pending, growth } = await make(calls, OPTIONS, allowed)
    for (const { closeAll } of [server, other]) closeAll()
    for (const [index, { result, ms }] of results.entries()) {
      const { what } = calls[index]
      assert.ok(RESULTS[what].includes(result), `call ${index}, ${what}, ended in ${result}`)
      assert.ok(ms < ALLOWED_MS[what] + SLOW_MACHINE_MS, `call ${index}, ${what}, took ${ms} ms`)
      counts[`${what}: ${result}`] = (counts[`${what}: ${result}`] ?? 0) + 1
      longest = Math.max(longest, ms)
    }
    assert.deepEqual({ flushed, pending }, { flushed: true, pending: 0 })
    most = Math.max(most, growth)
    assert.ok(growth < MOST_GROWTH, `${growth} bytes of memory`)

    const ordinary = { url: healthy.url, session: 'healthy', entry: calls[0].entry, options: { retry: null } }
    const both = ['append', 'read'].map((what) => ({ ...ordinary, what }))
    const after = await make(both, { timeouts: null, limits: null }, SLOW_MACHINE_MS)
    assert.deepEqual(
      after.results.map((/** @type {any} */ { result }) => result),
      ['true', 'a list'],
    )
  })
  await check(t, 6, property, { endOnFailure: true })
  const requests = server.state.requests + other.state.requests
  const figures = { calls: number, requests, longestMs: Math.round(longest), growthMB: Math.round(most / 1e6) }
  t.diagnostic(JSON.stringify({ ...figures, ...counts }))
  // The scripts are no use where nothing but errors comes of them.
  for (const result of ['append: true', 'append: false']) assert.ok(counts[result] > 0, result)
})

/** A server that loses the response to a PUT, and then says that another entry is the head of its log, of so many bytes. @param {import('node:test').TestContext} t @param {number} size @param {string} uuid the last entry's */
function serveLong(t, size, uuid) {
  return serve(t, async ({ method }, response, index) => {
    if (method === 'PUT') return index === 0 ? { status: 500 } : { status: 409, headers: { 'x-last-uuid': 'another' } }
    const entries = ENTRY.repeat(10_000)
    response.write('{"loglines":[')
    for (let sent = 0; sent < size; sent += entries.length) {
      if (!response.write(entries)) await once(response, 'drain')
    }
    response.end(`{"uuid":"${uuid}"}]}`)
  })
}

test('a log of any length is searched for an entry in doubt in the same memory, whatever maxResponseBytes is', async (t) => {
  const make = startHost(t)
  const growths = []
  for (const [number, size] of [10e6, LOG_BYTES].entries()) {
    const entry = { uuid: `own-${number}`, type: 'user' }
    const { url } = await serveLong(t, size, entry.uuid)
    const call = { what: 'append', session: String(number), url, entry, options: { retry: RETRY } }
    const options = { timeouts: { fetchMs: 60_000 }, limits: OPTIONS.limits }
    const { results, growth } = await make([call], options, 600_000)
    assert.equal(results[0].result, 'true')
    growths.push(growth)
  }
  const [before, after] = growths
  t.diagnostic(
    `${LOG_BYTES / 1e6} MB searched: ${growths.map((growth) => Math.round(growth / 1e6)).join(' to ')} MB of memory`,
  )
  assert.ok(after - before < MOST_GROWTH_OF_SEARCH, `memory grew from ${before} to ${after} bytes`)
})
