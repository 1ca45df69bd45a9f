// httpbin, a server that none of ours wrote: statuses, redirects, compression and slow bodies (specification.md, sections 3
// to 5 and 8). It knows nothing of the protocol, so that what is read from it is of the wrong shape, at best.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { serve } from '../support/server.mjs'
import { startHost } from './support/host.mjs'
import { startHttpbin } from './support/httpbin.mjs'

/** What a body that arrived whole, and is not a log, is told as. */
const WRONG_SHAPE = [['error', 'session_get_fail_invalid_response']]
const ENTRY = { uuid: 'entry' }

/** @type {string} */
let url
/** @type {(() => Promise<void>)[]} */
const ends = []
before(async () => {
  ;({ url } = await startHttpbin({ after: (end) => void ends.push(end) }))
})
after(async () => {
  for (const end of ends.reverse()) await end()
})

describe('a status', () => {
  test('each status of a read has the outcome of the specification', async (t) => {
    const host = await startHost(t)
    const read = async (/** @type {number} */ status) => {
      const result = await host.getSessionLogs('s', `${url}/status/${status}`)
      return { result, diagnostics: host.takeDiagnostics(), errors: host.errors.splice(0) }
    }
    const failed = (/** @type {object} */ data) => ['error', 'session_get_fail_status', data]
    assert.deepEqual(await read(404), {
      result: [],
      diagnostics: [['warn', 'session_get_no_logs_for_session']],
      errors: [],
    })
    const unauthorized = await read(401)
    assert.equal(unauthorized.result, null)
    assert.deepEqual(unauthorized.diagnostics, [['error', 'session_get_fail_bad_token'], failed({})])
    for (const status of [201, 202, 204, 300, 304, 400, 402, 403, 405, 406, 409, 410, 418, 429]) {
      assert.deepEqual(await read(status), { result: null, diagnostics: [failed({ status })], errors: [] }, `${status}`)
    }
    for (const status of [500, 501, 502, 503, 504]) {
      const { result, diagnostics, errors } = await read(status)
      assert.deepEqual([result, diagnostics], [null, [failed({ status })]])
      assert.match(errors.join('\n'), new RegExp(`^[^\\n]*${status}[^\\n]*$`))
    }
    const { result, diagnostics } = await read(200)
    assert.deepEqual([result, diagnostics], [null, WRONG_SHAPE])
  })

  test('each status of an append has the outcome of the specification', async (t) => {
    const host = await startHost(t, { configure: { retry: { maxAttempts: 2, baseDelayMs: 1 } } })
    const append = (/** @type {number} */ status) =>
      host.appendSessionLog(`s${status}`, { uuid: `of-${status}` }, `${url}/status/${status}`)
    for (const status of [200, 201]) assert.equal(await append(status), true)
    assert.deepEqual(host.diagnostics, [])
    for (const status of [202, 204, 300, 400, 403, 404, 408, 418, 429, 500, 502, 503, 504]) {
      assert.equal(await append(status), false, `${status}`)
      assert.deepEqual(host.takeDiagnostics(), [
        ['error', 'session_persist_fail_status', { status, attempt: 1 }],
        ['error', 'session_persist_fail_status', { status, attempt: 2 }],
        ['error', 'session_persist_error_retries_exhausted', { attempt: 2 }],
      ])
    }
    assert.equal(await append(401), false)
    assert.deepEqual(host.takeDiagnostics(), [['error', 'session_persist_fail_bad_token']])
  })
})

describe('redirects', () => {
  for (const kind of ['relative', 'absolute']) {
    test(`redirects that are ${kind} are followed up to 21`, async (t) => {
      const host = await startHost(t)
      for (const times of [1, 20, 21]) {
        assert.equal(await host.getSessionLogs('s', `${url}/${kind}-redirect/${times}`), null)
        assert.deepEqual(host.takeDiagnostics(), WRONG_SHAPE, `${times}`)
      }
      for (const times of [22, 25]) {
        assert.equal(await host.getSessionLogs('s', `${url}/${kind}-redirect/${times}`), null)
        assert.deepEqual(host.diagnostics.at(-1), ['error', 'session_get_fail_status', {}])
        assert.match(host.errors.at(-1) ?? '', /redirected more than 21 times/)
      }
    })
  }

  for (const status of [301, 302, 307, 308]) {
    test(`redirects by ${status} keep method, body and token on the same origin`, async (t) => {
      const host = await startHost(t)
      // 405 for another method; 401 without a token.
      const to = encodeURIComponent('/status/200')
      const target = `${url}/redirect-to?status_code=${status}&url=${to}`
      assert.equal(await host.appendSessionLog('s', ENTRY, target), true)
      const guarded = `${url}/redirect-to?status_code=${status}&url=${encodeURIComponent('/bearer')}`
      await host.getSessionLogs('s', guarded)
      assert.deepEqual(host.diagnostics, WRONG_SHAPE)
    })
  }

  test('redirects to another origin leave the token behind', async (t) => {
    const host = await startHost(t)
    // The same server under another name is another origin.
    const other = encodeURIComponent(`${url.replace('127.0.0.1', 'localhost')}/bearer`)
    assert.equal(await host.getSessionLogs('s', `${url}/redirect-to?url=${other}`), null)
    assert.deepEqual(host.diagnostics[0], ['error', 'session_get_fail_bad_token'])
  })

  test('redirects of an append to another origin are not followed', async (t) => {
    const host = await startHost(t, { configure: { retry: { maxAttempts: 1 } } })
    const other = await serve(t, () => ({ status: 201 }))
    const target = `${url}/redirect-to?status_code=307&url=${encodeURIComponent(`${other.url}/there`)}`
    assert.equal(await host.appendSessionLog('s', ENTRY, target), false)
    assert.equal(other.requests.length, 0)
    assert.match(host.errors[0], new RegExp(`another origin, ${other.url}$`))
  })

  test('redirects by 303 are followed by a read and not by an append', async (t) => {
    const host = await startHost(t, { configure: { retry: { maxAttempts: 1 } } })
    const target = `${url}/redirect-to?status_code=303&url=${encodeURIComponent('/json')}`
    await host.getSessionLogs('s', target)
    assert.deepEqual(host.diagnostics, WRONG_SHAPE)
    assert.equal(await host.appendSessionLog('s', ENTRY, target), false)
    assert.deepEqual(host.diagnostics[1], ['error', 'session_persist_fail_status', { status: 303, attempt: 1 }])
  })
})

describe('a body', { concurrency: true }, () => {
  for (const encoding of ['gzip', 'deflate', 'brotli']) {
    test(`a body that is compressed by ${encoding} is read whole`, async (t) => {
      const host = await startHost(t)
      // Broken compression would be no response, and not one of the wrong shape.
      assert.equal(await host.getSessionLogs('s', `${url}/${encoding}`), null)
      assert.deepEqual(host.diagnostics, WRONG_SHAPE)
      assert.match(host.errors[0], /loglines/)
    })
  }

  test('a slow body is not cut while it moves, for half a minute', async (t) => {
    const host = await startHost(t, { configure: { timeouts: { fetchMs: 4000 } } })
    const began = performance.now()
    assert.equal(await host.getSessionLogs('s', `${url}/drip?duration=30&numbytes=60&delay=1`), null)
    assert.ok(performance.now() - began > 28_000)
    assert.deepEqual(host.diagnostics, WRONG_SHAPE)
  })

  test('a body that stands still for longer than fetchMs is cut by name', async (t) => {
    const host = await startHost(t, { configure: { timeouts: { fetchMs: 500 } } })
    assert.equal(await host.getSessionLogs('s', `${url}/drip?duration=10&numbytes=3&delay=0`), null)
    assert.match(host.errors[0], /500 ms \(timeouts\.fetchMs\)/)
    assert.deepEqual(host.diagnostics, [['error', 'session_get_fail_status', { status: 200 }]])
  })

  test('a body in chunks, and one of unknown length, are read', async (t) => {
    const host = await startHost(t)
    for (const path of ['stream/50', 'stream-bytes/100000?chunk_size=100', 'bytes/100000', 'range/10000']) {
      await host.getSessionLogs('s', `${url}/${path}`)
      assert.deepEqual(host.takeDiagnostics(), WRONG_SHAPE, path)
    }
  })
})

test('headers that are later than fetchMs fail a read by name, and those in time do not', async (t) => {
  const host = await startHost(t, { configure: { timeouts: { fetchMs: 2500 } } })
  assert.equal(await host.getSessionLogs('s', `${url}/delay/5`), null)
  assert.match(host.errors[0], /2500 ms \(timeouts\.fetchMs\)/)
  assert.deepEqual(host.diagnostics, [['error', 'session_get_fail_status', {}]])
  await host.getSessionLogs('s', `${url}/delay/1`)
  assert.deepEqual(host.diagnostics.slice(1), WRONG_SHAPE)
})

test('a response that is later than appendMs fails an attempt by name', async (t) => {
  const configure = { timeouts: { appendMs: 500 }, retry: { maxAttempts: 1 } }
  const host = await startHost(t, { configure })
  assert.equal(await host.appendSessionLog('s', ENTRY, `${url}/delay/3`), false)
  assert.match(host.errors[0], /500 ms \(timeouts\.appendMs\)/)
})
