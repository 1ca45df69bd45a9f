// What `configure` takes, refuses and merges: specification.md, section 2.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { serve } from './support/server.mjs'

const { appendSessionLog } = addon
const configure = /** @type {(options?: any) => void} */ (addon.configure)

const CALLBACKS = [
  'getSessionIngressAuthToken',
  'getOauthConfig',
  'getOAuthHeaders',
  'logForDebugging',
  'logForDiagnosticsNoPII',
  'logError',
]

/** @param {any} options @param {string} key */
function refused(options, key) {
  assert.throws(
    () => configure(options),
    (error) => {
      assert.ok(error instanceof TypeError)
      assert.ok(error.message.includes(key), `${error.message} names ${key}`)
      return true
    },
  )
}

test('configure refuses options that are no object', () => {
  for (const options of [undefined, null, 1, 'x', true, () => {}]) refused(options, 'options')
  configure({})
})

test('configure refuses an unknown key by name, at either level', () => {
  refused({ retries: {} }, 'retries')
  refused({ retry: { attempts: 3 } }, 'retry.attempts')
  refused({ timeouts: { readMs: 3 } }, 'timeouts.readMs')
  refused({ limits: { sockets: 3 } }, 'limits.sockets')
})

test('configure refuses a callback that is no function', () => {
  for (const key of CALLBACKS) {
    for (const value of [1, 'x', {}, [], true]) refused({ [key]: value }, key)
    configure({ [key]: null })
    configure({ [key]: undefined })
  }
})

test('configure refuses a group of options that is no object', () => {
  for (const key of ['retry', 'timeouts', 'limits']) {
    for (const value of [1, 'x', true, () => {}]) refused({ [key]: value }, key)
    configure({ [key]: null })
    configure({ [key]: undefined })
  }
})

test('configure takes attempts and limits as integers from 1', () => {
  for (const [group, key] of [
    ['retry', 'maxAttempts'],
    ['limits', 'maxConcurrentRequests'],
    ['limits', 'maxPendingBytes'],
    ['limits', 'maxResponseBytes'],
  ]) {
    for (const value of [0, -1, 1.5, NaN, Infinity, '3', {}, 3n])
      refused({ [group]: { [key]: value } }, `${group}.${key}`)
    for (const value of [1, 7, 2 ** 40, Number.MAX_VALUE, null, undefined]) configure({ [group]: { [key]: value } })
  }
})

test('the number of conflicts is an integer from 0', () => {
  for (const value of [-1, 1.5, NaN, Infinity, '3', {}, 3n])
    refused({ retry: { maxConflicts: value } }, 'retry.maxConflicts')
  for (const value of [0, 1, 7, 2 ** 40, Number.MAX_VALUE, null, undefined])
    configure({ retry: { maxConflicts: value } })
})

test('whether conflicts are verified is a boolean', () => {
  for (const value of [0, 1, 'true', {}, []]) refused({ retry: { verifyConflicts: value } }, 'retry.verifyConflicts')
  for (const value of [true, false, null, undefined]) configure({ retry: { verifyConflicts: value } })
})

test('statuses to give up on are a list of integers from 100 to 599', () => {
  for (const value of [413, '413', {}, true]) refused({ retry: { giveUpOn: value } }, 'retry.giveUpOn')
  for (const status of [0, 99, 600, 400.5, NaN, Infinity, '413', null, undefined, {}])
    refused({ retry: { giveUpOn: [400, status] } }, 'retry.giveUpOn[1]')
  for (const value of [[], [100], [400, 413, 599, 400], null, undefined]) configure({ retry: { giveUpOn: value } })
})

test('times are finite and not negative', () => {
  for (const name of [
    'retry.baseDelayMs',
    'retry.maxDelayMs',
    'timeouts.connectMs',
    'timeouts.appendMs',
    'timeouts.fetchMs',
  ]) {
    const [group, key] = name.split('.')
    for (const value of [-1, NaN, Infinity, '3', {}, true]) refused({ [group]: { [key]: value } }, name)
    for (const value of [0, 0.5, 1000, Number.MAX_VALUE, null, undefined]) configure({ [group]: { [key]: value } })
  }
})

test('of a call of configure that is refused nothing is applied', async (t) => {
  const host = useHost(t, { retry: { maxAttempts: 2, baseDelayMs: 1 } })
  const server = await serve(t, () => ({ status: 400 }))
  refused({ retry: { maxAttempts: 1 }, logForDiagnosticsNoPII: null, getOauthConfig: 3 }, 'getOauthConfig')
  refused({ retry: { maxAttempts: 1, baseDelayMs: -1 } }, 'retry.baseDelayMs')
  await appendSessionLog('s', createEntry(), server.url)
  assert.equal(server.requests.length, 2)
  assert.equal(host.diagnostics.length, 3)
})

test('configure throws what a getter of its options throws', () => {
  const thrown = new Error('from the getter')
  const options = {
    get retry() {
      throw thrown
    },
  }
  assert.throws(() => configure(options), thrown)
})

test('a getter of the options of configure may call configure', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ status: 400 }))
  configure({
    get retry() {
      configure({ retry: { maxAttempts: 7 } })
      return { maxAttempts: 2, baseDelayMs: 0 }
    },
  })
  await appendSessionLog('s', createEntry(), server.url)
  assert.equal(server.requests.length, 2)
})

test('a key that configure is not given stays, and null and undefined restore the default', async (t) => {
  useHost(t, { retry: { maxAttempts: 2, baseDelayMs: 0, maxDelayMs: 0 } })
  const server = await serve(t, () => ({ status: 400 }))
  const attempts = async () => {
    const before = server.requests.length
    await appendSessionLog('s', createEntry(), server.url)
    return server.requests.length - before
  }
  assert.equal(await attempts(), 2)
  configure({ retry: { baseDelayMs: 1 } })
  assert.equal(await attempts(), 2)
  configure({ retry: { maxAttempts: undefined, baseDelayMs: 0 } })
  assert.equal(await attempts(), 10)
  configure({ retry: { maxAttempts: 3 } })
  assert.equal(await attempts(), 3)
  configure({ retry: null })
  configure({ retry: { maxDelayMs: 0 } })
  assert.equal(await attempts(), 10)
})

test('an append keeps the retry options of the moment of its call', async (t) => {
  useHost(t, { retry: { maxAttempts: 2, baseDelayMs: 1 } })
  const server = await serve(t, () => ({ status: 400 }))
  const appended = appendSessionLog('s', createEntry(), server.url)
  configure({ retry: { maxAttempts: 5 } })
  await appended
  assert.equal(server.requests.length, 2)
})

test('callbacks are looked up when they are called', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ status: 409, headers: { 'x-last-uuid': 'a' } }))
  /** @type {string[]} */
  const events = []
  const appended = appendSessionLog('s', { uuid: 'a' }, server.url)
  configure({
    logForDiagnosticsNoPII: (/** @type {string} */ _level, /** @type {string} */ event) => events.push(event),
  })
  await appended
  assert.deepEqual(events, ['session_persist_recovered_from_409'])
})

test('configure returns nothing', () => {
  assert.equal(configure({}), undefined)
})
