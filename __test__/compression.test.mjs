// Compressed answers: SPEC section 8.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { serve } from './support/server.mjs'

const entries = Array.from({ length: 500 }, () => createEntry({ text: 'tide '.repeat(50) }))
const body = JSON.stringify({ loglines: entries })

for (const [encoding, compress] of /** @type {[string, (text: string) => Buffer][]} */ ([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
])) {
  test(`an answer in ${encoding} is asked for and read`, async (t) => {
    useHost(t)
    const server = await serve(t, () => ({ headers: { 'content-encoding': encoding }, body: compress(body) }))
    assert.deepEqual(await addon.getSessionLogs('s', server.url), entries)
    assert.ok(server.requests[0].headers['accept-encoding']?.includes(encoding))
  })

  test(`${encoding} that is broken or breaks off is no answer`, async (t) => {
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
