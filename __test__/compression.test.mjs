// Compressed responses: specification.md, section 8.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { serve } from './support/server.mjs'

const entries = Array.from({ length: 500 }, () => createEntry({ text: 'tide '.repeat(50) }))
const body = JSON.stringify({ loglines: entries })

/** @type {[string, string, (text: string) => Buffer][]} */
const VARIANTS = [
  ['gzip', 'gzip', gzipSync],
  ['gzip in another letter case', 'GZip', gzipSync],
  ['gzip by its old name', 'x-gzip', gzipSync],
  ['gzip of several members', 'gzip', (text) => Buffer.concat([gzipSync(text.slice(0, 99)), gzipSync(text.slice(99))])],
  ['deflate', 'deflate', deflateSync],
  ['deflate without its header', 'deflate', deflateRawSync],
  ['brotli', 'br', brotliCompressSync],
]

for (const [name, encoding, compress] of VARIANTS) {
  test(`a body in ${name} is read`, async (t) => {
    useHost(t)
    const server = await serve(t, () => ({ headers: { 'content-encoding': encoding }, body: compress(body) }))
    assert.deepEqual(await addon.getSessionLogs('s', server.url), entries)
    assert.equal(server.requests[0].headers['accept-encoding'], 'gzip, deflate, br')
  })

  test(`a body in ${name} that is broken or breaks off counts as no response`, async (t) => {
    const host = useHost(t)
    const whole = compress(body)
    const bodies = [whole.subarray(0, whole.length >> 1), Buffer.from('not compressed at all, by no means')]
    const server = await serve(t, (_request, _response, index) => ({
      headers: { 'content-encoding': encoding },
      body: bodies[index],
    }))
    for (const _ of bodies) assert.equal(await addon.getSessionLogs('s', server.url), null)
    assert.deepEqual(host.diagnostics, Array(2).fill(['error', 'session_get_fail_status', { status: 200 }]))
  })
}

test('an empty body is empty, whatever it is said to be compressed with', async (t) => {
  const host = useHost(t)
  const server = await serve(t, (_request, _response, index) => ({
    status: index === 0 ? 200 : 404,
    headers: { 'content-encoding': 'gzip' },
  }))
  assert.equal(await addon.getSessionLogs('s', server.url), null)
  assert.deepEqual(await addon.getSessionLogs('s', server.url), [])
  assert.deepEqual(host.events, ['session_get_fail_invalid_response', 'session_get_no_logs_for_session'])
})

test('a compressed body that is slow but moves is not cut', async (t) => {
  useHost(t, { timeouts: { fetchMs: 1000 } })
  const whole = gzipSync('{"loglines":[1]}')
  const server = await serve(t, async (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' })
    for (const byte of whole) {
      response.write(Buffer.from([byte]))
      await sleep(40)
    }
    response.end()
  })
  assert.deepEqual(await addon.getSessionLogs('s', server.url), [1])
})
