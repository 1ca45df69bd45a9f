// Whatever a host passes or supplies: nothing throws but what says so, every promise settles, and the next
// ordinary append is stored. specification.md, section 2.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addon, createEntry, QUICK, useHost } from './support/addon.mjs'
import { check } from './support/fuzz.mjs'
import { given, hostileFunctions, hostileSignals, hostileValues, THROWN, whole } from './support/hostile.mjs'
import { serve } from './support/server.mjs'

/** @type {any} */
const { appendSessionLog, getSessionLogs, getSessionLogsViaOAuth, getTeleportEvents } = addon
/** @type {any} */
const { clearSession, clearAllSessions, configure, flush, sessionStats } = addon

/** Numbers that do not make a test wait. */
const SAFE = { retry: { ...QUICK, maxAttempts: 2 }, timeouts: null, limits: null }

/** What a call may throw or reject with: its own TypeErrors, an abort, and what hostile code threw. @param {any} error */
function isExpected(error) {
  if (THROWN.includes(error) || error instanceof TypeError) return true
  return (
    error?.name === 'AbortError' || error?.message === 'Your session has expired. Please run /login to sign in again.'
  )
}

/** Promises that must settle, and what they rejected with although nothing may. */
class Promises {
  /** @type {Promise<void>[]} */
  all = []
  /** @type {unknown[]} */
  unexpected = []

  /** @param {Promise<unknown>} promise */
  add(promise) {
    const ignore = () => {}
    this.all.push(promise.then(ignore, (error) => void (isExpected(error) || this.unexpected.push(error))))
  }

  async settle() {
    // More may come while these are waited for.
    for (const promise of this.all) await promise
    const { unexpected } = this
    this.all = []
    this.unexpected = []
    assert.deepEqual(unexpected, [])
  }
}

/** Calls the addon once more from wherever it called, but not from there again. @param {string} url @param {Promises} promises */
function createReenter(url, promises) {
  let depth = 0
  let calls = 0
  const all = [
    () => promises.add(appendSessionLog('s', { uuid: 'again' }, url)),
    () => promises.add(getSessionLogs('s', url)),
    () => promises.add(flush({ timeoutMs: 0 })),
    () => promises.add(clearSession('s')),
    () => promises.add(clearAllSessions()),
    () => configure({ logError: null }),
    () => configure({ retry: SAFE.retry }),
    () => sessionStats(),
  ]
  return () => {
    if (depth > 0) return undefined
    depth += 1
    calls += 1
    try {
      return all[calls % all.length]()
    } finally {
      depth -= 1
    }
  }
}

test('hostile arguments and host functions harm nobody but their own call', async (t) => {
  const server = await serve(t, ({ method }) =>
    method === 'PUT' ? { status: 201 } : { body: '{"loglines":[1],"data":[]}' },
  )
  const host = useHost(t, { retry: SAFE.retry, getOauthConfig: () => ({ BASE_API_URL: server.url }) })
  const promises = new Promises()
  const reenter = createReenter(server.url, promises)
  const value = hostileValues(reenter)
  const fn = hostileFunctions(reenter)

  /** Mostly what is right. @param {any} right */
  const mostly = (right) => fc.oneof({ weight: 3, arbitrary: fc.constant(given(right)) }, value)
  const [id, text, url] = [mostly('s'), mostly('token'), mostly(server.url)]
  const entry = mostly({ uuid: 'a', type: 'user' })
  const signal = fc.oneof(hostileSignals(reenter), value)
  const onProgress = fc.oneof(fn.map(given), value)
  const readOptions = fc.oneof(
    fc.constant(given(undefined)),
    fc.record({ signal, onProgress }, { requiredKeys: [] }).map(whole),
    value,
  )
  const flushOptions = fc.record({ timeoutMs: value, sessionId: id }, { requiredKeys: [] }).map(whole)
  const numbers = fc
    .dictionary(fc.constantFrom('maxAttempts', 'connectMs', 'maxPendingBytes', 'other'), value)
    .map(whole)
  const group = fc.oneof(numbers, value)
  const options = fc.oneof(
    value,
    fc.record({ retry: group, timeouts: group, limits: group }, { requiredKeys: [] }).map(whole),
    fc.dictionary(fc.constantFrom('logError', 'getOAuthHeaders', 'other', '__proto__'), value).map(whole),
  )
  const call = fc.oneof(
    fc.tuple(fc.constant(appendSessionLog), id, entry, url),
    fc.tuple(fc.constant(getSessionLogs), id, url, readOptions),
    fc.tuple(fc.constant(getSessionLogsViaOAuth), id, text, text, readOptions),
    fc.tuple(fc.constant(getTeleportEvents), id, text, text, readOptions),
    fc.tuple(fc.constant(clearSession), id),
    fc.tuple(fc.constant(clearAllSessions), value),
    fc.tuple(fc.constant(flush), fc.oneof(value, flushOptions)),
    fc.tuple(fc.constant(sessionStats), id),
    fc.tuple(fc.constant(configure), options),
  )
  // Never the default server, which is not here.
  const supplied = fc.record({ getOauthConfig: fn })
  const callbacks = fc.record(
    {
      getSessionIngressAuthToken: fn,
      getOAuthHeaders: fn,
      logError: fn,
      logForDebugging: fn,
      logForDiagnosticsNoPII: fn,
    },
    { requiredKeys: [] },
  )

  const property = fc.asyncProperty(
    callbacks,
    fc.option(supplied),
    fc.array(call, { maxLength: 6 }),
    async (some, other, calls) => {
      configure({ ...some, ...other })
      for (const [called, ...makes] of calls) {
        try {
          const returned = called(...makes.map((make) => make()))
          if (called === configure) {
            configure({ ...SAFE, getOauthConfig: other?.getOauthConfig ?? (() => ({ BASE_API_URL: server.url })) })
          } else if (called !== sessionStats) {
            assert.ok(returned instanceof Promise)
            promises.add(returned)
          }
        } catch (error) {
          assert.ok(called === configure || called === sessionStats, 'thrown and not rejected')
          assert.ok(isExpected(error), String(error))
        }
      }
      await promises.settle()
      host.told.length = 0
      configure({
        ...SAFE,
        getSessionIngressAuthToken: () => 'token',
        getOauthConfig: () => ({ BASE_API_URL: server.url }),
        getOAuthHeaders: null,
        logError: null,
        logForDebugging: null,
        logForDiagnosticsNoPII: null,
      })
      assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
      assert.equal(await flush(), true)
      assert.equal(sessionStats().pending, 0)
      server.requests.length = 0
    },
  )
  await check(t, 1000, property)
})

test('a string of 100 MB in an entry or an id is one like any other', async (t) => {
  useHost(t)
  const huge = 'x'.repeat(100_000_000)
  /** @type {number[]} */
  const sizes = []
  const server = await serve(t, (request) => {
    sizes.push(request.body.length)
    return { status: 201 }
  })
  const entry = createEntry({ huge })
  const { length } = JSON.stringify(entry)
  assert.equal(await appendSessionLog(huge, entry, server.url), true)
  assert.deepEqual(sizes, [length])
  assert.equal(sessionStats(huge).appended, 1)
})
