// Scripts of responses: heads, bodies and ends as no server should send them, and as it may.

import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { cut, cuts, body as logOrEvents } from '../bodies.mjs'
import { bytes, ENTRY, HEADERS, LOCATIONS, NO_HEADS, OWN_UUID, STARTS, STATUSES } from './forms.mjs'

/**
 * @typedef {import('node:net').Socket} Socket
 * @typedef {{ chunk: Buffer, pause: number }} Endless sent again and again, with pauses of so many milliseconds
 * @typedef {object} Script what becomes of one request
 * @property {'before' | 'after' | 'never'} read whether the request is read before the response, behind it, or never
 * @property {Buffer} head
 * @property {Buffer} body
 * @property {number[]} sizes how head and body are cut
 * @property {Endless | undefined} endless what comes after the body
 * @property {'keep' | 'end' | 'reset' | 'silence'} end
 */

/** @param {any} right @param {fc.Arbitrary<any>} other @returns {fc.Arbitrary<any>} */
const mostly = (right, other, weight = 4) => fc.oneof({ weight, arbitrary: fc.constant(right) }, other)

const location = fc.constantFrom(...LOCATIONS).map((url) => `Location: ${url}`)
const header = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...HEADERS) },
  { weight: 3, arbitrary: location },
  fc.constantFrom(3000, 100_000).map((size) => `x: ${'y'.repeat(size)}`),
  fc.constantFrom(50, 3000).map((count) => Array(count).fill('a: b').join('\r\n')),
)

/** A chunk size is no length here, and neither is what is chunked. @param {Buffer} body @param {string} wrong */
function chunked(body, wrong) {
  const chunks = cut(body, [Math.ceil(body.length / 3) || 1]).map((chunk) =>
    Buffer.concat([bytes(`${chunk.length.toString(16)}\r\n`), chunk, bytes('\r\n')]),
  )
  return Buffer.concat([...chunks, bytes(wrong)])
}
const lastChunk = mostly(
  '0\r\n\r\n',
  fc.constantFrom(
    ...[
      '',
      '0\r\n',
      '0\r\nx-last-uuid: a\r\n\r\n',
      'ffffffffffffffff\r\n',
      '10000000000000000\r\n',
      '-1\r\n',
      'x\r\n\r\n',
      '0',
    ],
    ...[
      '00000000000000000000\r\n\r\n',
      '5;a=b\r\nabc',
      `0;${'x'.repeat(30_000)}\r\n\r\n`,
      '0\n\n',
      '3\r\nabcd\r\n0\r\n\r\n',
      '\r\n',
    ],
    `0\r\n${'t: v\r\n'.repeat(5000)}\r\n`,
  ),
)

/** Small, and large when it is expanded. @param {number} megabytes */
const bomb = (megabytes) => Buffer.from(`{"loglines":[${ENTRY.repeat((megabytes * 1e6) / ENTRY.length)}1]}`)
const bombs = {
  gzip: gzipSync(bomb(32)),
  br: brotliCompressSync(bomb(32), { params: { 0: 0, 1: 5, 2: 24 } }),
  deflate: deflateSync(bomb(32)),
}

const entries = fc.constantFrom(
  ...['[]', '[{}]', `[{"uuid":"${OWN_UUID}"}]`, '[{"uuid":"another"}]', `[{"uuid":"${OWN_UUID}"},{"uuid":"another"}]`],
  ...['[null]', '{}', 'null', '[', `["${'x'.repeat(100_000)}"]`, `${'['.repeat(50_000)}`],
)
const json = fc.oneof(
  { weight: 3, arbitrary: entries.map((list) => `{"loglines":${list},"data":${list}}`) },
  fc.constantFrom(
    '{"data":[{"payload":1}],"next_cursor":"again"}',
    '{"data":[],"next_cursor":0}',
    '{"error":{"message":"no"}}',
  ),
  fc.constantFrom(
    '',
    'null',
    '[]',
    '{',
    '\ufeff{}',
    '{"error":{"message":1}}',
    'not JSON',
    '"',
    `{"loglines":[${'{},'.repeat(20_000)}`,
  ),
)
const content = fc.oneof(
  { weight: 4, arbitrary: json.map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: logOrEvents('loglines') },
  fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
)

/** @typedef {{ headers: string[], body: Buffer }} Coded */

/** A body with the headers that tell how it is coded, and mostly rightly so. @type {fc.Arbitrary<Coded>} */
const coded = fc
  .record({
    content,
    coding: fc.constantFrom(
      ...['', '', '', '', '', '', 'gzip', 'gzip', 'deflate', 'br', 'bomb', 'bomb br', 'bomb deflate'],
    ),
    framing: fc.constantFrom(...['length', 'length', 'length', 'chunked', 'chunked', 'close', 'longer', 'shorter']),
    last: lastChunk,
    broken: mostly(0, fc.integer({ min: 1, max: 12 })),
  })
  .map(({ content, coding, framing, last, broken }) => {
    /** @type {Record<string, [string, (body: Buffer) => Buffer]>} */
    const codings = {
      gzip: ['gzip', gzipSync],
      deflate: ['deflate', deflateSync],
      br: ['br', brotliCompressSync],
      bomb: ['gzip', () => bombs.gzip],
      'bomb br': ['br', () => bombs.br],
      'bomb deflate': ['deflate', () => bombs.deflate],
    }
    const [name, encode] = codings[coding] ?? ['', (/** @type {Buffer} */ body) => body]
    const whole = encode(content)
    const body = whole.subarray(0, Math.max(0, whole.length - broken))
    const headers = name === '' ? [] : [`Content-Encoding: ${name}`]
    if (framing === 'close') return { headers, body }
    if (framing === 'chunked') return { headers: [...headers, 'Transfer-Encoding: chunked'], body: chunked(body, last) }
    const length = body.length + (framing === 'longer' ? 10 : framing === 'shorter' ? -10 : 0)
    return { headers: [...headers, `Content-Length: ${length}`], body }
  })

const head = fc
  .record({
    start: mostly('HTTP/1.1 ', fc.constantFrom(...STARTS), 12),
    status: fc.oneof(
      { weight: 4, arbitrary: fc.constant(200) },
      { weight: 2, arbitrary: fc.constantFrom(201, 409, 409, 500) },
      { weight: 5, arbitrary: fc.constantFrom(...STATUSES) },
    ),
    reason: mostly(' OK', fc.constantFrom('', ' ', ' \xff', ' a\0b', ` ${'x'.repeat(10_000)}`)),
    location: fc.option(location, { freq: 8 }),
    named: fc.option(fc.constantFrom(`x-last-uuid: ${OWN_UUID}`, 'x-last-uuid: another')),
    headers: mostly([], fc.array(header, { minLength: 1, maxLength: 3 }), 1),
    interim: mostly(
      '',
      fc.constantFrom('HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n'),
    ),
  })
  .map(({ start, status, reason, location, named, headers, interim }) => (/** @type {string[]} */ more) => {
    const usual = status >= 300 && status < 400 ? [location] : status === 409 ? [named] : []
    const lines = [...usual.filter((line) => line !== null), ...more, ...headers]
    return bytes(`${interim}${start}${status}${reason}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`)
  })

/** What never ends: as fast as it is taken, or so slowly that limits of a time have to end it. @type {fc.Arbitrary<Endless>} */
const endless = fc.oneof(
  fc
    .constantFrom(ENTRY, 'x', ' ', '[', '"', '\\', '\0', '\r\n', 'a: b\r\n')
    .map((text) => ({ chunk: Buffer.from(text.repeat(Math.ceil(30_000 / text.length))), pause: 0 })),
  fc
    .constantFrom(`1000\r\n${`"${'x'.repeat(61)}",`.repeat(64)}\r\n`, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}')
    .map((text) => ({ chunk: bytes(text.repeat(8)), pause: 0 })),
  // Less than 4 KiB a second, so that it has to end. Interim heads come no faster: hyper reads them without a pause, which
  // takes the whole thread of a build without optimisation.
  fc.record({
    chunk: fc.constantFrom('{},', 'x', ' ', '1\r\n1\r\n', 'HTTP/1.1 102 Processing\r\n\r\n', 'a: b\r\n').map(bytes),
    pause: fc.integer({ min: 10, max: 40 }),
  }),
)

const opening = fc.constantFrom('{"loglines":[', '{"data":[', '{"data":[{"payload":"', '').map(bytes)

/** @type {fc.Arbitrary<Script>} */
const script = fc
  .record({
    read: mostly('before', fc.constantFrom('after', 'never'), 8),
    head: fc.oneof(
      { weight: 10, arbitrary: head },
      fc.constantFrom(...NO_HEADS).map((text) => () => text),
    ),
    coded,
    sizes: cuts,
    opening,
    endless: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, endless),
    end: fc.constantFrom('keep', 'keep', 'end', 'end', 'reset', 'silence'),
  })
  .map(({ head, coded, opening, endless, ...others }) =>
    endless === null
      ? shown({ ...others, head: head(coded.headers), body: coded.body, endless: undefined })
      : shown({ ...others, head: head([]), body: opening, endless }),
  )

/** Has reports show the beginning of what is sent, and not all of it. @param {Script} script */
function shown(script) {
  const beginning = (/** @type {Buffer} */ part) => part.toString('latin1', 0, 300)
  const { head, body, endless, ...others } = script
  const short = { ...others, head: beginning(head), body: beginning(body), length: body.length }
  const more = endless && { ...endless, chunk: beginning(endless.chunk) }
  return Object.defineProperty(script, fc.toStringMethod, { value: () => JSON.stringify({ ...short, endless: more }) })
}

/** What becomes of the requests to one path, in order; the last is repeated. */
export const scripts = fc.array(script, { minLength: 1, maxLength: 4 })
