// Entries that no string of JavaScript can hold: specification.md, section 10.

import assert from 'node:assert/strict'
import { constants } from 'node:buffer'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { createBrotliCompress, constants as zlib } from 'node:zlib'
import { addon, useHost } from './support/addon.mjs'
import { serve } from './support/server.mjs'

/** A text of `length` characters between two others, compressed to some hundred bytes. */
async function compressed(/** @type {string} */ before, /** @type {number} */ length, /** @type {string} */ after) {
  const chunk = 'a'.repeat(1 << 20)
  function* text() {
    yield before
    for (let left = length; left > 0; left -= chunk.length) yield chunk.slice(0, left)
    yield after
  }
  const params = { [zlib.BROTLI_PARAM_QUALITY]: 9, [zlib.BROTLI_PARAM_LGWIN]: 24 }
  return await buffer(Readable.from(text()).pipe(createBrotliCompress({ params })))
}

const LARGE = { maxResponseBytes: 2 ** 30 }
// In the text of a batch an entry stands between brackets and quotes.
const TOO_LONG = constants.MAX_STRING_LENGTH - '[""]'.length + 1
const ERROR = new RegExp(`an entry is longer than a JavaScript string can be \\(${TOO_LONG + 4} characters\\)`)

test('an entry longer than a string of V8 can be makes a log null, with an error that says how long it is', async (t) => {
  const host = useHost(t, { limits: LARGE })
  const body = await compressed('{"loglines":["', TOO_LONG, '"]}')
  const server = await serve(t, () => ({ headers: { 'content-encoding': 'br' }, body }))
  assert.equal(await addon.getSessionLogs('s', server.url), null)
  assert.match(String(host.errors[0]), ERROR)
  assert.deepEqual(host.diagnostics, [['error', 'session_get_fail_invalid_response']])
})

test('a payload longer than a string of V8 can be makes teleport events null, with an error that says how long it is', async (t) => {
  const body = await compressed('{"data":[{"payload":"', TOO_LONG, '"}],"next_cursor":null}')
  const server = await serve(t, () => ({ headers: { 'content-encoding': 'br' }, body }))
  const host = useHost(t, { limits: LARGE, getOauthConfig: () => ({ BASE_API_URL: server.url }) })
  assert.equal(await addon.getTeleportEvents('s', 'token', 'organization'), null)
  assert.match(String(host.errors[0]), ERROR)
  assert.deepEqual(host.diagnostics, [['error', 'teleport_events_invalid_shape']])
})
