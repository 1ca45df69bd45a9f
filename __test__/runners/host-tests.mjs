// What a host's tests do, under any test runner: `test` is the runner's own. No matcher of a runner, and no comparison
// that a result of another realm fails.

import assert from 'node:assert'
import { appendSessionLog, clearSession, configure, flush, getSessionLogs, sessionStats } from 'session-ingress'
import { reset, startIngressServer } from 'session-ingress/testing'
import { test } from './runner.mjs'

/** @param {(server: import('session-ingress/testing').IngressServer) => Promise<void>} work */
async function withServer(work) {
  const server = await startIngressServer()
  configure({ getSessionIngressAuthToken: () => 'token', proxy: null, retry: { baseDelayMs: 1 } })
  try {
    await work(server)
  } finally {
    reset()
    await server.close()
  }
}

test('entries are stored in order, and read back', () =>
  withServer(async (server) => {
    const entries = ['a', 'b', 'c'].map((uuid) => ({ uuid, text: 'ünï' }))
    const appended = await Promise.all(entries.map((entry) => appendSessionLog('s', entry, server.logUrl('s'))))
    assert.deepEqual(appended, [true, true, true])
    assert.deepEqual(server.log('s'), entries)
    assert.deepEqual(await getSessionLogs('s', server.logUrl('s')), entries)
    assert.equal(await flush({ timeoutMs: 1000 }), true)
  }))

test('an append goes on after faults and an outage, and its entry is stored once', () =>
  withServer(async (server) => {
    server.faults.reset({ times: 1, stored: true })
    server.faults.status(503, { times: 1 })
    const outage = server.faults.outage({ method: 'PUT' })
    const appended = appendSessionLog('s', { uuid: 'a' }, server.logUrl('s'))
    while (outage.met === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    outage.end()
    assert.equal(await appended, true)
    assert.deepEqual(server.log('s'), [{ uuid: 'a' }])
  }))

test('an append continues from a log that was set', () =>
  withServer(async (server) => {
    await server.set('s', [{ uuid: 'x' }])
    assert.equal(await appendSessionLog('s', { uuid: 'y' }, server.logUrl('s')), true)
    assert.equal(sessionStats('s').head, 'y')
    await clearSession('s')
    assert.equal(sessionStats('s').head, null)
    assert.deepEqual(server.log('s'), [{ uuid: 'x' }, { uuid: 'y' }])
  }))

test('a logging function is told what goes wrong', () =>
  withServer(async (server) => {
    /** @type {string[]} */
    const events = []
    configure({ logForDiagnosticsNoPII: (_level, event) => events.push(event), retry: { maxAttempts: 1 } })
    server.faults.status(500)
    assert.equal(await appendSessionLog('s', { uuid: 'a' }, server.logUrl('s')), false)
    assert.deepEqual(events, ['session_persist_fail_status', 'session_persist_error_retries_exhausted'])
  }))

test('a token function that returns a promise rejects the call with an error that says so', () =>
  withServer(async (server) => {
    configure({ getSessionIngressAuthToken: /** @type {any} */ (async () => 'token') })
    await assert.rejects(appendSessionLog('s', { uuid: 'a' }, server.logUrl('s')), {
      name: 'TypeError',
      message: 'getSessionIngressAuthToken must return a string, null or undefined',
    })
    assert.equal(server.requests.length, 0)
  }))
