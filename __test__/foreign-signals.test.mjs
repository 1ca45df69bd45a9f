// Cancelling reads by what behaves like an AbortSignal, well or badly.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addon, useHost } from './support/addon.mjs'
import { serve } from './support/server.mjs'

const { getSessionLogs } = addon

/** A signal that is no AbortSignal, as libraries have them. */
class Signal {
  aborted = false
  /** @type {Set<() => void>} */
  listeners = new Set()
  /** @param {string} type @param {() => void} listener */
  addEventListener(type, listener) {
    assert.equal(type, 'abort')
    this.listeners.add(listener)
  }
  /** @param {string} _type @param {() => void} listener */
  removeEventListener(_type, listener) {
    this.listeners.delete(listener)
  }
  abort() {
    this.aborted = true
    for (const listener of this.listeners) listener()
  }
}

test('an object that behaves like a signal cancels a read, without a reason by an AbortError', async (t) => {
  useHost(t)
  const server = await serve(t, () => {})
  const signal = new Signal()
  const reading = getSessionLogs('s', server.url, { signal })
  assert.equal(signal.listeners.size, 1)
  signal.abort()
  signal.abort()
  await assert.rejects(reading, { name: 'AbortError' })
  assert.equal(signal.listeners.size, 0)
  await assert.rejects(getSessionLogs('s', server.url, { signal }), { name: 'AbortError' })
})

test('signals are told apart by identity, also frozen ones and proxies, and have one listener each', async (t) => {
  useHost(t)
  const server = await serve(t, () => {})
  /** A frozen one, whose state is elsewhere. */
  const createFrozen = () => {
    const state = new Signal()
    const frozen = {
      get aborted() {
        return state.aborted
      },
      addEventListener: state.addEventListener.bind(state),
      removeEventListener: state.removeEventListener.bind(state),
    }
    return { state, signal: Object.freeze(frozen) }
  }
  const createProxy = () => {
    const state = new Signal()
    return { state, signal: new Proxy(state, {}) }
  }
  const signals = [createFrozen(), createFrozen(), createProxy(), createProxy()]
  const reads = signals.map(({ signal }) => [0, 1, 2].map(() => getSessionLogs('s', server.url, { signal })))
  assert.deepEqual(
    signals.map(({ state }) => state.listeners.size),
    [1, 1, 1, 1],
  )
  for (const [index, { state }] of signals.entries()) {
    state.abort()
    const ended = await Promise.allSettled(reads[index])
    assert.ok(ended.every(({ status }) => status === 'rejected'))
    assert.deepEqual(
      signals.map(({ state }) => state.listeners.size),
      signals.map((_, other) => (other <= index ? 0 : 1)),
    )
  }
})

test('a signal that throws rejects the read, or changes nothing', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ body: { loglines: [1] } }))
  const thrown = new Error('from the signal')
  const fail = () => {
    throw thrown
  }
  const signal = new Signal()
  signal.addEventListener = fail
  await assert.rejects(getSessionLogs('s', server.url, { signal }), thrown)
  assert.equal(server.requests.length, 0)
  const { proxy, revoke } = Proxy.revocable(new Signal(), {})
  revoke()
  await assert.rejects(getSessionLogs('s', server.url, { signal: proxy }), TypeError)
  const sticky = new Signal()
  sticky.removeEventListener = fail
  assert.deepEqual(await getSessionLogs('s', server.url, { signal: sticky }), [1])
})

test('a signal that aborts as it is listened to sends nothing', async (t) => {
  useHost(t)
  const server = await serve(t, () => assert.fail('a request'))
  const signal = new Signal()
  signal.addEventListener = (_type, listener) => listener()
  await assert.rejects(getSessionLogs('s', server.url, { signal }), { name: 'AbortError' })
})
