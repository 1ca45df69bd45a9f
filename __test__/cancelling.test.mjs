// Cancelling reads by an AbortSignal.

import assert from 'node:assert/strict'
import { getEventListeners, once } from 'node:events'
import { test } from 'node:test'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { startWorker } from './support/child.mjs'
import { createGate, serve } from './support/server.mjs'

const { getSessionLogs, getSessionLogsViaOAuth, getTeleportEvents } = addon

/** @typedef {import('../index.js').ReadOptions} ReadOptions */

/** The three readers, with their server configured. @type {[string, (url: string, options?: any) => Promise<any>][]} */
const READERS = [
  ['getSessionLogs', (url, options) => getSessionLogs('s', url, options)],
  ['getSessionLogsViaOAuth', (url, options) => viaAccount(url, () => getSessionLogsViaOAuth('s', 't', 'o', options))],
  ['getTeleportEvents', (url, options) => viaAccount(url, () => getTeleportEvents('s', 't', 'o', options))],
]

/** @param {string} url @param {() => Promise<any>} read */
function viaAccount(url, read) {
  addon.configure({ getOauthConfig: () => ({ BASE_API_URL: url }) })
  return read()
}

/** @param {AbortSignal} signal */
const listeners = (signal) => getEventListeners(signal, 'abort').length

/** A server that sends what `begin` does and then nothing more. @param {import('node:test').TestContext} t @param {import('./support/server.mjs').Handler} begin */
async function serveBeginning(t, begin) {
  const { open: begun, opened: whenBegun } = createGate()
  const { open: close, opened: whenClosed } = createGate()
  const server = await serve(t, (request, response, index) => {
    response.once('close', close)
    begin(request, response, index)
    begun()
  })
  return { ...server, whenBegun, whenClosed }
}

const begins = {
  'before the response begins': () => {},
  'before the body begins': (
    /** @type {unknown} */ _request,
    /** @type {import('node:http').ServerResponse} */ response,
  ) => response.writeHead(200).flushHeaders(),
  'in the middle of the body': (
    /** @type {unknown} */ _request,
    /** @type {import('node:http').ServerResponse} */ response,
  ) => response.write(`{"loglines":[${'{"uuid":"a"},'.repeat(10_000)}`),
}

for (const [name, read] of READERS) {
  for (const [when, begin] of Object.entries(begins)) {
    test(`${name} is cancelled by its signal ${when}`, async (t) => {
      const host = useHost(t)
      const server = await serveBeginning(t, begin)
      const controller = new AbortController()
      const reading = read(server.url, { signal: controller.signal })
      assert.equal(listeners(controller.signal), 1)
      await server.whenBegun
      controller.abort()
      await assert.rejects(reading, (error) => {
        assert.equal(error, controller.signal.reason)
        assert.deepEqual([error.name, error instanceof DOMException], ['AbortError', true])
        return true
      })
      assert.equal(listeners(controller.signal), 0)
      await server.whenClosed
      assert.deepEqual([host.diagnostics, host.errors], [[], []])
      assert.deepEqual(host.debugLines.length, 1)
      assert.match(host.debugLines[0], /^Cancelled: reading/)
    })
  }

  test(`${name} with a signal that has aborted sends nothing, and asks the host for nothing`, async (t) => {
    const asked = () => assert.fail('asked')
    const host = useHost(t, { getSessionIngressAuthToken: asked, getOAuthHeaders: asked })
    const server = await serve(t, () => assert.fail('a request'))
    const signal = AbortSignal.abort('why')
    await assert.rejects(read(server.url, { signal }), (reason) => reason === 'why')
    assert.deepEqual([host.told, server.connections.size, listeners(signal)], [[], 0, 0])
  })

  test(`${name} leaves no listener on the signal, however it ends`, async (t) => {
    useHost(t)
    const { signal } = new AbortController()
    const server = await serve(
      t,
      (_request, _response, index) =>
        [{ body: { loglines: [], data: [] } }, { status: 404 }, { status: 500 }, { body: 'no JSON' }][index],
    )
    for (let n = 0; n < 4; n++) await read(server.url, { signal })
    assert.equal(listeners(signal), 0)
    const thrown = new Error('from the host')
    addon.configure({
      getSessionIngressAuthToken: () => {
        throw thrown
      },
      getOAuthHeaders: () => {
        throw thrown
      },
    })
    await assert.rejects(read(server.url, { signal }), thrown)
    assert.equal(listeners(signal), 0)
    addon.configure({ getSessionIngressAuthToken: () => null, getOAuthHeaders: null })
    await read('nonsense', { signal })
    assert.equal(listeners(signal), 0)
  })

  test(`${name} rejects wrong options with a TypeError that names them`, async (t) => {
    const host = useHost(t)
    /** @type {[unknown, string][]} */
    const wrong = [
      [1, 'options'],
      ['x', 'options'],
      [() => {}, 'options'],
      [{ sginal: 1 }, 'options.sginal'],
      ...[1, 'x', {}, true, new AbortController(), new EventTarget()].map(
        (signal) => /** @type {[unknown, string]} */ ([{ signal }, 'options.signal']),
      ),
      ...[1, 'x', {}, true].map(
        (onProgress) => /** @type {[unknown, string]} */ ([{ onProgress }, 'options.onProgress']),
      ),
    ]
    for (const [options, key] of wrong) {
      await assert.rejects(read('http://127.0.0.1:9', options), (error) => {
        assert.ok(error instanceof TypeError)
        assert.ok(error.message.includes(key), `${error.message} names ${key}`)
        return true
      })
    }
    assert.deepEqual(host.told, [])
  })
}

test('read options that are left out, null or empty ask for nothing', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ body: { loglines: [1] } }))
  for (const options of [undefined, null, {}, { signal: undefined, onProgress: null }, Object.create(null)]) {
    assert.deepEqual(await getSessionLogs('s', server.url, options), [1])
  }
})

test('a read that is cancelled rejects with whatever its signal was aborted with', async (t) => {
  useHost(t)
  const server = await serve(t, () => {})
  for (const reason of [new Error('enough'), 'text', 0, null, { any: 'thing' }]) {
    const controller = new AbortController()
    const reading = getSessionLogs('s', server.url, { signal: controller.signal })
    controller.abort(reason)
    await assert.rejects(reading, (rejected) => rejected === reason)
  }
  await assert.rejects(getSessionLogs('s', server.url, { signal: AbortSignal.timeout(5) }), { name: 'TimeoutError' })
})

test('a read that is cancelled while it waits for its turn sends nothing, and leaves the turn to others', async (t) => {
  useHost(t, { limits: { maxConcurrentRequests: 1 } })
  const { open, opened } = createGate()
  const server = await serve(t, async () => {
    await opened
    return { body: { loglines: [] } }
  })
  const first = getSessionLogs('a', `${server.url}/first`)
  await once(server.server, 'request')
  const controller = new AbortController()
  const second = getSessionLogs('b', `${server.url}/second`, { signal: controller.signal })
  const third = getSessionLogs('c', `${server.url}/third`)
  await new Promise(setImmediate)
  controller.abort()
  await assert.rejects(second, { name: 'AbortError' })
  open()
  assert.deepEqual(await Promise.all([first, third]), [[], []])
  assert.deepEqual(
    server.requests.map(({ url }) => url),
    ['/first', '/third'],
  )
})

test('a read that is cancelled while its entries are handed over hands over no more', async (t) => {
  useHost(t)
  const entries = Array.from({ length: 20_000 }, () => createEntry({ text: 'x'.repeat(500) }))
  const body = JSON.stringify({ loglines: entries })
  const server = await serve(t, () => ({ body }))
  const controller = new AbortController()
  /** @type {number[]} */
  const seen = []
  let aborted = false
  const reading = getSessionLogs('s', server.url, {
    signal: controller.signal,
    onProgress: ({ entries }) => {
      assert.equal(aborted, false, 'no progress behind the abort')
      seen.push(entries)
      if (entries > 0) {
        aborted = true
        controller.abort()
      }
    },
  })
  await assert.rejects(reading, { name: 'AbortError' })
  assert.ok(/** @type {number} */ (seen.at(-1)) > 0)
  assert.equal(listeners(controller.signal), 0)
  assert.equal(addon.sessionStats('s').head, seen.at(-1) === 20_000 ? entries[19_999].uuid : null)
})

test('a read whose result is on its way when it is cancelled still rejects', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ body: { loglines: [1] } }))
  const controller = new AbortController()
  const reading = getSessionLogs('s', server.url, {
    signal: controller.signal,
    onProgress: ({ pages }) => {
      if (pages === 1) controller.abort()
    },
  })
  await assert.rejects(reading, { name: 'AbortError' })
})

test('a read that is over cannot be cancelled', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ body: { loglines: [1] } }))
  const controller = new AbortController()
  assert.deepEqual(await getSessionLogs('s', server.url, { signal: controller.signal }), [1])
  controller.abort()
})

test('one signal cancels many reads, without a warning', async (t) => {
  useHost(t)
  /** @type {Error[]} */
  const warnings = []
  const warn = (/** @type {Error} */ warning) => warnings.push(warning)
  process.on('warning', warn)
  t.after(() => process.off('warning', warn))
  const server = await serve(t, () => {})
  const controller = new AbortController()
  const reads = Array.from({ length: 50 }, () => getSessionLogs('s', server.url, { signal: controller.signal }))
  const settled = Promise.allSettled(reads)
  controller.abort()
  for (const result of await settled) assert.equal(result.status, 'rejected')
  assert.equal(listeners(controller.signal), 0)
  await new Promise(setImmediate)
  assert.deepEqual(warnings, [])
})

test('the reads of a worker that is terminated end with it', async (t) => {
  const server = await serveBeginning(t, begins['in the middle of the body'])
  const worker = startWorker({ url: server.url, what: 'read under a signal' })
  await server.whenBegun
  await worker.terminate()
  await server.whenClosed
})
