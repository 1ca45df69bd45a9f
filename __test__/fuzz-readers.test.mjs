// Whatever a server sends, and however it is cut, reads as JSON.parse of the whole would read it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { addon, useHost } from './support/addon.mjs'
import { body, cut, cuts } from './support/bodies.mjs'
import { check } from './support/fuzz.mjs'
import { serve } from './support/server.mjs'

/** @type {Record<string, ((body: Buffer) => Buffer) | undefined>} */
const ENCODINGS = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync }
const encoding = fc.constantFrom('', '', '', ...Object.keys(ENCODINGS))

/** @typedef {{ body: Buffer, sizes: number[], encoding: string }} Page */

/** @param {string} name @returns {fc.Arbitrary<Page>} */
function page(name) {
  return fc.record({ body: body(name), sizes: cuts, encoding })
}

/** Serves pages in order, and then 404. @param {import('node:test').TestContext} t */
async function servePages(t) {
  const state = { pages: /** @type {Page[]} */ ([]), cursors: /** @type {(string | null)[]} */ ([]) }
  const server = await serve(t, async ({ url }, response) => {
    const next = state.pages[state.cursors.length]
    state.cursors.push(new URL(url, 'http://a.test').searchParams.get('cursor'))
    if (next === undefined) return { status: 404 }
    const encode = ENCODINGS[next.encoding]
    response.writeHead(200, encode ? { 'content-encoding': next.encoding } : {})
    const sent = encode ? encode(next.body) : next.body
    for (const chunk of cut(sent, next.sizes)) await new Promise((resolve) => response.write(chunk, resolve))
    response.end()
  })
  return { url: server.url, state, requests: server.requests }
}

/** The object that a response is, with a list under `key`; null where it is none. @param {Buffer} bytes @param {string} key */
function parse(bytes, key) {
  try {
    const response = JSON.parse(new TextDecoder().decode(bytes))
    const isObject = typeof response === 'object' && response !== null && !Array.isArray(response)
    return isObject && Object.hasOwn(response, key) && Array.isArray(response[key]) ? response : null
  } catch {
    return null
  }
}

/** Whether two values are the same to their last bit: the order of keys, -0, prototypes. @param {any} a @param {any} b @returns {boolean} */
function isSame(a, b) {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return Object.is(a, b)
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  const keys = Reflect.ownKeys(a)
  const others = Reflect.ownKeys(b)
  return keys.length === others.length && keys.every((key, index) => key === others[index] && isSame(a[key], b[key]))
}

test('a log reads as JSON.parse of its whole body reads, or there is none', async (t) => {
  useHost(t, { logForDebugging: null, logForDiagnosticsNoPII: null, logError: null })
  const { url, state, requests } = await servePages(t)
  const property = fc.asyncProperty(page('loglines'), async (response) => {
    Object.assign(state, { pages: [response], cursors: [] })
    requests.length = 0
    const expected = parse(response.body, 'loglines')?.loglines ?? null
    const read = await addon.getSessionLogs('s', url)
    assert.ok(isSame(read, expected), `${JSON.stringify(read)} of ${JSON.stringify(response.body.toString())}`)
  })
  await check(t, 1500, property)
})

/** specification.md, section 5. @param {Page[]} pages */
function readEvents(pages) {
  /** @type {unknown[]} */
  const payloads = []
  /** @type {(string | number | null)[]} */
  const cursors = [null]
  for (const { body } of pages) {
    const response = parse(body, 'data')
    const isEvent = (/** @type {unknown} */ event) =>
      typeof event === 'object' && event !== null && !Array.isArray(event)
    if (response === null || !response.data.every(isEvent)) return { payloads: null, cursors }
    for (const event of response.data) {
      const payload = Object.hasOwn(event, 'payload') ? event.payload : null
      if (payload !== null) payloads.push(payload)
    }
    const cursor = Object.hasOwn(response, 'next_cursor') ? response.next_cursor : null
    if (cursor === null) return { payloads, cursors }
    if (typeof cursor !== 'string' && typeof cursor !== 'number') return { payloads: null, cursors }
    cursors.push(cursor)
  }
  return { payloads, cursors }
}

test('events read as JSON.parse of their whole pages reads, or there are none', async (t) => {
  const { url, state, requests } = await servePages(t)
  useHost(t, {
    getOauthConfig: () => ({ BASE_API_URL: url }),
    logForDebugging: null,
    logForDiagnosticsNoPII: null,
    logError: null,
  })
  const property = fc.asyncProperty(fc.array(page('data'), { minLength: 1, maxLength: 3 }), async (pages) => {
    Object.assign(state, { pages, cursors: [] })
    requests.length = 0
    const expected = readEvents(pages)
    const read = await addon.getTeleportEvents('s', 'token', 'org')
    const of = JSON.stringify(pages.map(({ body }) => body.toString()))
    assert.ok(isSame(read, expected.payloads), `${JSON.stringify(read)} of ${of}`)
    // A number is echoed as its text, a lone surrogate cannot be.
    const asked = expected.cursors.map((cursor, index) => {
      if (typeof cursor === 'number') return Object.is(Number(state.cursors[index]), cursor) && state.cursors[index]
      return cursor?.replace(/\p{Surrogate}/gu, '\ufffd') ?? null
    })
    assert.deepEqual(state.cursors, asked, of)
  })
  await check(t, 1000, property)
})
