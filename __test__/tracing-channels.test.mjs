// Appends and reads in Node's diagnostics_channel: docs/observability.md.

import assert from 'node:assert/strict'
import diagnosticsChannel from 'node:diagnostics_channel'
import { test } from 'node:test'
import { addon, createEntry, QUICK, useHost } from './support/addon.mjs'
import { runProgram } from './support/child.mjs'
import { createGate, serve, serveInOrder } from './support/server.mjs'

const { appendSessionLog, getSessionLogs, getTeleportEvents } = addon

const hasChannels = typeof diagnosticsChannel.tracingChannel === 'function'
const options = { skip: hasChannels ? false : 'this Node has no tracing channels' }

/**
 * Subscribes for the time of a test.
 *
 * @param {import('node:test').TestContext} t
 * @param {'append' | 'read'} name
 */
function subscribe(t, name) {
  /** The events in order, each with a copy of the context. @type {[string, any, any][]} */
  const events = []
  const channel = diagnosticsChannel.tracingChannel(`session-ingress:${name}`)
  const handlers = /** @type {any} */ (
    Object.fromEntries(
      ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map((event) => [
        event,
        (/** @type {any} */ context) => events.push([event, { ...context }, context]),
      ]),
    )
  )
  channel.subscribe(handlers)
  t.after(() => channel.unsubscribe(handlers))
  const of = (/** @type {string} */ event) => events.filter(([name]) => name === event).map(([, context]) => context)
  return { events, of, names: () => events.map(([name]) => name) }
}

test('an append is told when it begins and when it has settled, with one context', options, async (t) => {
  useHost(t)
  const traced = subscribe(t, 'append')
  const server = await serveInOrder(t, { status: 503 }, { status: 201 })
  const entry = createEntry({ text: 'größer' })
  const begun = performance.now()
  const append = appendSessionLog('s', entry, `${server.url}/log?token=secret`)
  assert.deepEqual(traced.names(), ['start', 'end'])
  const about = { operation: 'append', sessionId: 's', uuid: entry.uuid }
  assert.deepEqual(traced.of('start'), [about])
  assert.equal(await append, true)
  const took = performance.now() - begun
  assert.deepEqual(traced.names(), ['start', 'end', 'asyncStart', 'asyncEnd'])
  const [{ duration, ...ended }] = traced.of('asyncEnd')
  assert.deepEqual(ended, {
    ...about,
    url: `${server.url}/log`,
    attempts: 2,
    status: 201,
    bytes: Buffer.byteLength(JSON.stringify(entry)),
    result: true,
  })
  assert.ok(duration > 0 && duration <= took, `${duration} of ${took}`)
  assert.equal(new Set(traced.events.map(([, , context]) => context)).size, 1)
})

test('an append that is not stored has an error with a code', options, async (t) => {
  useHost(t, { retry: { ...QUICK, maxAttempts: 2, giveUpOn: [413] } })
  const traced = subscribe(t, 'append')
  const server = await serveInOrder(t, { status: 413 })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
  assert.deepEqual(traced.names(), ['start', 'end', 'error', 'asyncStart', 'asyncEnd'])
  const [{ error, status, attempts, result }] = traced.of('error')
  assert.ok(error instanceof Error)
  assert.deepEqual(
    [/** @type {any} */ (error).code, status, attempts, result],
    ['ERR_SESSION_INGRESS_STATUS', 413, 1, false],
  )
})

test('an append without a token has sent nothing, and its error names the diagnostic', options, async (t) => {
  useHost(t, { getSessionIngressAuthToken: () => null })
  const traced = subscribe(t, 'append')
  assert.equal(await appendSessionLog('s', createEntry(), 'http://127.0.0.1:1/'), false)
  const [{ error, attempts, bytes, status }] = traced.of('error')
  assert.deepEqual([error.code, attempts, bytes, status], ['ERR_SESSION_INGRESS_FAILED', 0, 0, undefined])
  assert.match(error.message, /session_persist_fail_jwt_no_token/)
})

test('a call that rejects is told with its reason, and a wrong argument not at all', options, async (t) => {
  const thrown = new Error('from the host')
  useHost(t, {
    getSessionIngressAuthToken: () => {
      throw thrown
    },
  })
  const traced = subscribe(t, 'append')
  await assert.rejects(appendSessionLog('s', createEntry(), 'http://127.0.0.1:1/'), thrown)
  assert.deepEqual(traced.names(), ['start', 'end', 'error', 'asyncStart', 'asyncEnd'])
  assert.equal(traced.of('error')[0].error, thrown)
  await assert.rejects(appendSessionLog(/** @type {any} */ (5), createEntry(), 'http://127.0.0.1:1/'), TypeError)
  assert.equal(traced.events.length, 5)
})

test('calls that join one entry are told each, and only the first has attempts', options, async (t) => {
  useHost(t)
  const traced = subscribe(t, 'append')
  const server = await serveInOrder(t, { status: 201 })
  const entry = createEntry()
  await Promise.all([appendSessionLog('s', entry, server.url), appendSessionLog('s', entry, server.url)])
  assert.deepEqual(
    traced.of('asyncEnd').map(({ attempts, result }) => [attempts, result]),
    [
      [1, true],
      [0, true],
    ],
  )
})

test('a read is told with the bytes and the status of its responses', options, async (t) => {
  const body = JSON.stringify({ loglines: [{ uuid: 'a' }] })
  const server = await serveInOrder(t, { body }, { status: 404 }, { status: 403 }, { status: 404 }, { status: 401 })
  useHost(t, { getOauthConfig: () => ({ BASE_API_URL: server.url }) })
  const traced = subscribe(t, 'read')
  await getSessionLogs('s', `${server.url}/log`)
  await getSessionLogs('s', `${server.url}/log`)
  await getSessionLogs('s', `${server.url}/log`)
  await getTeleportEvents('t', 'token', 'org')
  await assert.rejects(getTeleportEvents('t', 'token', 'org'))
  const told = traced.of('asyncEnd').map(({ duration, ...context }) => {
    assert.ok(duration > 0)
    return { ...context, error: context.error?.code }
  })
  const about = { operation: 'readLog', sessionId: 's', url: `${server.url}/log`, attempts: 1, bytes: 0 }
  const events = { ...about, operation: 'readTeleportEvents', sessionId: 't' }
  const url = `${server.url}/v1/code/sessions/t/teleport-events`
  assert.deepEqual(told, [
    { ...about, status: 200, bytes: body.length, error: undefined },
    { ...about, status: 404, error: undefined },
    { ...about, status: 403, error: 'ERR_SESSION_INGRESS_FAILED' },
    { ...events, url, status: 404, error: undefined },
    { ...events, url, status: 401, error: 'ERR_SESSION_INGRESS_SESSION_EXPIRED' },
  ])
})

test('a read that the host aborts is told with the reason of the signal', options, async (t) => {
  useHost(t)
  const traced = subscribe(t, 'read')
  const { open, opened } = createGate()
  const server = await serve(t, () => void open())
  const controller = new AbortController()
  const read = getSessionLogs('s', server.url, { signal: controller.signal })
  await opened
  const reason = new Error('enough')
  controller.abort(reason)
  await assert.rejects(read, reason)
  assert.equal(traced.of('error')[0].error, reason)
})

test('start comes before the host is asked for headers, and end before the call returns', options, async (t) => {
  const server = await serve(t, () => ({ status: 201 }))
  const traced = subscribe(t, 'append')
  /** @type {string[][]} */
  const seen = []
  useHost(t, {
    headers: () => {
      seen.push(traced.names())
      return {}
    },
  })
  await appendSessionLog('s', createEntry(), server.url)
  assert.deepEqual(seen, [['start']])
})

test('nothing is published once nobody subscribes any more', options, async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ status: 201 }))
  const channel = diagnosticsChannel.tracingChannel('session-ingress:append')
  /** @type {unknown[]} */
  const seen = []
  const handlers = /** @type {any} */ ({ asyncEnd: (/** @type {unknown} */ context) => seen.push(context) })
  channel.subscribe(handlers)
  await appendSessionLog('s', createEntry(), server.url)
  channel.unsubscribe(handlers)
  await appendSessionLog('s', createEntry(), server.url)
  assert.equal(seen.length, 1)
})

test('no context holds a token', options, async (t) => {
  useHost(t, { getSessionIngressAuthToken: () => 'secret-token', retry: { ...QUICK, maxAttempts: 1 } })
  const traced = subscribe(t, 'append')
  const { port } = await serve(t, () => ({ status: 500 }))
  await appendSessionLog('s', createEntry(), `http://u:secret-token@127.0.0.1:${port}/?t=secret-token`)
  for (const [, context] of traced.events) {
    assert.ok(!JSON.stringify({ ...context, stack: context.error?.stack }).includes('secret-token'))
  }
})

test('where Node has no tracing channels, and before the first call, nothing is published', async (t) => {
  const server = await serve(t, () => ({ status: 201 }))
  const { stdout } = await runProgram('without-tracing', { url: server.url })
  assert.deepEqual(JSON.parse(stdout), { beforeTheFirstCall: false, withoutChannels: [true, true] })
})
