// A server that does anything at all: each response is a script of heads, bodies and ends as no server should send them,
// and as it may.

import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { cut, cuts, body as logOrEvents } from './bodies.mjs'

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

/** What a script says, for what is known when it is sent only. */
const OWN_UUID = '00000000-own0-4000-8000-000000000000'
const ORIGIN = '127.0.0.1:00001'
const OTHER_ORIGIN = '127.0.0.1:00002'

const STATUSES = [
  ...[200, 201, 409, 404, 401, 500, 503, 429, 301, 302, 303, 307, 308, 301, 302, 303, 307, 308],
  ...[100, 101, 102, 103, 199, 202, 204, 205, 206, 207, 226, 300, 304, 305, 399, 400, 403, 407, 408, 411, 413],
  ...[417, 421, 422, 425, 431, 451, 499, 502, 504, 505, 511, 599, 600, 999, 0, 99, 1000, -1],
]
const LOCATIONS = [
  ...[`http://${ORIGIN}/0`, `http://${ORIGIN}/1?a=b#c`, `//${ORIGIN}/2`, '/3', '?a', '#a', '', '.', '../..', '4'],
  ...[`http://${OTHER_ORIGIN}/0`, `http://user:secret@${OTHER_ORIGIN}/1`, `https://${ORIGIN}/0`, 'http://127.0.0.1:1/'],
  ...[
    `http://localhost:${ORIGIN.slice(-5)}/0`,
    `http://[::1]:${ORIGIN.slice(-5)}/0`,
    'http://0.0.0.0:1/',
    'http://127.1/',
  ],
  ...[
    'http://',
    'http://[',
    'http://127.0.0.1:99999/',
    'ftp://127.0.0.1/',
    'file:///etc/passwd',
    'data:,{}',
    'javascript:0',
  ],
  ...['\xff\xfe', '/\xe9', '/\t', ` http://${ORIGIN}/5 `, `/${'x'.repeat(20_000)}`],
]
const HEADERS = [
  ...[
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: identity',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding: x',
  ],
  ...['Transfer-Encoding: chunked, chunked', 'Transfer-Encoding:\tchunked', 'Transfer-Encoding : chunked'],
  ...['Content-Encoding: gzip', 'Content-Encoding: br', 'Content-Encoding: deflate', 'Content-Encoding: zstd'],
  ...['Content-Encoding: gzip, br', 'Content-Encoding: identity', 'Content-Encoding: GZIP', 'Content-Encoding: \xff'],
  ...['Content-Length: 0', 'Content-Length: 1', 'Content-Length: 100000', 'Content-Length: -1', 'Content-Length: 1, 1'],
  ...[
    'Content-Length: 18446744073709551616',
    'Content-Length: 9223372036854775807',
    'Content-Length: +5',
    'Content-Length: 5\r\nContent-Length: 6',
  ],
  ...['Connection: close', 'Connection: keep-alive', 'Connection: upgrade\r\nUpgrade: h2c', 'Keep-Alive: timeout=0'],
  ...[
    `x-last-uuid: ${OWN_UUID}`,
    'x-last-uuid: another',
    'x-last-uuid:',
    'x-last-uuid: \xff\x80',
    'x-last-uuid: a\r\nx-last-uuid: b',
  ],
  ...[
    `x-last-uuid: ${'x'.repeat(20_000)}`,
    'Retry-After: 0',
    'Retry-After: -1',
    'Retry-After: never',
    'Retry-After: 1e9',
  ],
  ...['Retry-After: Thu, 01 Jan 1970 00:00:00 GMT', 'Content-Type: text/html; charset=utf-16', 'Trailer: x-last-uuid'],
  ...[
    'no colon',
    ': no name',
    'a\0b: c',
    'a: b\0c',
    'a: b\rc',
    ' folded',
    'a: b\r\n\tfolded',
    'é: ü',
    'a:',
    'Content-Range: bytes 0-1/2',
  ],
]
const STARTS = [
  ...[
    'HTTP/1.1 ',
    'HTTP/1.0 ',
    'HTTP/0.9 ',
    'HTTP/2 ',
    'HTTP/1.10 ',
    'http/1.1 ',
    'HTTP/1.1',
    'ICY ',
    '\r\nHTTP/1.1 ',
    ' HTTP/1.1 ',
  ],
]
const NO_HEADS = [
  ...['', '\r\n', '\r\n\r\n', '\0', 'HTTP', 'HTTP/1.1 200', 'HTTP/1.1 200 OK\r\n', 'SSH-2.0-x\r\n', '{"loglines":[]}'],
  ...[
    '\x15\x03\x01\x00\x02\x02\x28',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    '\0\0\x12\x04\0\0\0\0\0',
    '<html>\r\n\r\n',
    'HTTP/1.1 200 OK\n\n{}',
  ],
  'HTTP/1.1 100 Continue\r\n\r\n'.repeat(50),
].map(bytes)

/** Of an ordinary length: a list of the smallest, millions of `{}`, takes more memory than any limit of its text says. */
export const ENTRY = '{"uuid":"00000000-0000-4000-8000-000000000000","type":"user"},'

/** @param {string} text @returns {Buffer} */
function bytes(text) {
  return Buffer.from(text, 'latin1')
}

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

/** @param {Script} script @param {{ uuid: string, port: number, otherPort: number }} known */
function filled({ head, body }, { uuid, port, otherPort }) {
  const fill = (/** @type {Buffer} */ part) =>
    bytes(
      part
        .toString('latin1')
        .replaceAll(OWN_UUID, uuid)
        .replaceAll(ORIGIN.slice(-6), `:${port}`)
        .replaceAll(OTHER_ORIGIN.slice(-6), `:${otherPort}`),
    )
  // What is compressed has nothing to be filled in.
  return [fill(head), body.length > 200_000 ? body : fill(body)]
}

/**
 * Starts such a server for the time of a test. `paths` are its scripts: a request to `/3` meets those of 3, whatever
 * follows; each other request those of 0.
 *
 * @param {import('node:test').TestContext} t
 * @param {() => number} otherPort of another origin
 */
export async function startAnyServer(t, otherPort) {
  /** @type {Set<Socket>} */
  const sockets = new Set()
  const state = {
    paths: /** @type {Script[][]} */ ([]),
    uuids: /** @type {string[]} */ ([]),
    counts: /** @type {number[]} */ ([]),
    requests: 0,
  }
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('end', () => socket.end())
    converse(socket, state, () => ({ port: portOf(server), otherPort: otherPort() })).catch(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const closeAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  t.after(() => {
    closeAll()
    server.close()
  })
  return { port: portOf(server), state, closeAll }
}

/** @param {import('node:net').Server} server */
const portOf = (server) => /** @type {import('node:net').AddressInfo} */ (server.address()).port

/** @param {Socket} socket @param {any} state @param {() => { port: number, otherPort: number }} ports */
async function converse(socket, state, ports) {
  const input = readRequests(socket)
  for (;;) {
    const next = await input.head()
    if (next === undefined) return
    state.requests += 1
    const index = Number(next.match(/^\S+ \/(?:v1\/(?:session_ingress\/session|code\/sessions)\/)?(\d+)/)?.[1] ?? 0)
    const scripts = state.paths[index] ?? state.paths[0]
    const count = state.counts[index] ?? 0
    state.counts[index] = count + 1
    const script = scripts?.[Math.min(count, scripts.length - 1)]
    if (script === undefined) return socket.destroy()
    if (script.read === 'before') await input.body()
    if (script.read === 'never') socket.pause()
    const parts = filled(script, { uuid: state.uuids[index] ?? '', ...ports() })
    await send(socket, script, parts)
    if (script.end !== 'keep' || script.read === 'never' || script.endless) return
    if (script.read === 'after') await input.body()
  }
}

/** @param {Socket} socket @param {Script} script @param {Buffer[]} parts */
async function send(socket, { sizes, endless, end }, parts) {
  for (const part of parts) for (const piece of cut(part, sizes)) await write(socket, piece)
  while (endless) {
    await write(socket, endless.chunk)
    if (endless.pause > 0) await sleep(endless.pause)
  }
  if (end === 'end') socket.end()
  if (end === 'reset') socket.resetAndDestroy()
}

/** Writes, and waits until it has gone. @param {Socket} socket @param {Buffer} piece */
function write(socket, piece) {
  return new Promise((resolve, reject) => {
    socket.write(piece, (error) => (error ? reject(error) : setImmediate(resolve)))
  })
}

/** The requests of a connection. @param {Socket} socket */
function readRequests(socket) {
  let buffer = Buffer.alloc(0)
  let ended = false
  let wake = () => {}
  const end = () => {
    ended = true
    wake()
  }
  socket.on('data', (chunk) => {
    buffer = Buffer.concat([buffer, chunk])
    wake()
  })
  socket.on('end', end).on('close', end)
  const more = () => new Promise((resolve) => (wake = () => resolve(undefined)))
  let length = 0
  return {
    /** The next head; `undefined` where none comes. */
    async head() {
      for (;;) {
        const at = buffer.indexOf('\r\n\r\n')
        if (at >= 0) {
          const head = buffer.toString('latin1', 0, at)
          buffer = buffer.subarray(at + 4)
          length = Number(head.match(/\ncontent-length: *(\d+)/i)?.[1] ?? 0)
          return head
        }
        if (ended) return undefined
        await more()
      }
    },
    /** Reads the body that follows. */
    async body() {
      while (buffer.length < length && !ended) await more()
      buffer = buffer.subarray(length)
    },
  }
}
