// Forms of responses that are taken and not: network.md has the table. The old module's axios is asked the same.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import axios from 'axios'
import { addon, useHost } from './support/addon.mjs'

const ENTRIES = Array.from({ length: 300 }, (_, n) => n)
const BODY = JSON.stringify({ loglines: ENTRIES })
const OK = 'HTTP/1.1 200 OK\r\n'
const LENGTH = `Content-Length: ${BODY.length}\r\n`
const CHUNKED = 'Transfer-Encoding: chunked\r\n'

/** With these lines in its head, and this first line. */
const head = (/** @type {string} */ lines, first = OK) => `${first}${lines}${LENGTH}\r\n${BODY}`
/** With chunks of so many bytes, each with this between its size and its end. */
const chunked = (/** @type {string} */ extension, size = 1000, lines = CHUNKED, end = '0\r\n\r\n', first = OK) => {
  const chunks = BODY.match(new RegExp(`.{1,${size}}`, 'g')) ?? []
  const sent = chunks.map((chunk) => `${chunk.length.toString(16)}${extension}\r\n${chunk}\r\n`)
  return `${first}${lines}\r\n${sent.join('')}${end}`
}
/** @param {string} encoding @param {...(Buffer | string | number[])} parts */
const encoded = (encoding, ...parts) => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(/** @type {any} */ (part))))
  return Buffer.concat([
    Buffer.from(`${OK}Content-Encoding: ${encoding}\r\nContent-Length: ${body.length}\r\n\r\n`),
    body,
  ])
}

const [gzip, zlib, raw, brotli] = [gzipSync(BODY), deflateSync(BODY), deflateRawSync(BODY), brotliCompressSync(BODY)]
const crc = gzip.length - 8
const SIGNED = `;chunk-signature=${'a'.repeat(64)}`

/** Node 18 parsed some lines that later versions refuse. */
const inNode18 = Number.parseInt(process.versions.node, 10) < 20

/** A form, its bytes, and whether we and axios take it. */
const FORMS = /** @type {[string, string | Buffer, boolean, boolean][]} */ ([
  ['a first line without a reason', head('', 'HTTP/1.1 200\r\n'), true, true],
  ['a first line in UTF-8', head('', 'HTTP/1.1 200 Grüß\r\n'), true, true],
  ['a first line of HTTP/1.0', head('', 'HTTP/1.0 200 OK\r\n'), true, true],
  ['a first line of HTTP/2.0', head('', 'HTTP/2.0 200 OK\r\n'), false, true],
  ['a control character in its reason', head('', 'HTTP/1.1 200 a\x01b\r\n'), false, true],
  ['an empty line before it', `\r\n${head('')}`, true, true],
  ['other first lines', head('', 'ICY 200 OK\r\n'), false, false],
  ['informational responses before it', `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${head('')}`, true, true],
  ['no length, and an end of the connection', `${OK}\r\n${BODY}`, true, true],
  ['more bytes behind it', `${head('')}\r\n`, true, true],

  ['lines that end in LF', head('').replaceAll('\r\n', '\n'), true, false],
  ['a header without a space', head('A:b\r\n'), true, true],
  ['a header without a value', head('A:\r\n'), true, true],
  ['a header with spaces around its value', head('A:   b  \r\n'), true, true],
  ['a header in UTF-8', head('A: ü\r\n'), true, true],
  ['a header with a space behind its name', head('A : b\r\n'), false, inNode18],
  ['a header over two lines', head('A: b\r\n c\r\n'), false, false],
  ['a header without a colon', head('nothing\r\n'), false, false],
  ['a header without a name', head(': b\r\n'), false, inNode18],
  ['a header with a control character', head('A: a\x01b\r\n'), false, false],
  ['1900 headers', head('a: b\r\n'.repeat(1900)), true, true],
  [
    '1000 headers of different names',
    head(Array.from({ length: 1000 }, (_, n) => `a${n}: b\r\n`).join('')),
    true,
    true,
  ],
  ['3000 headers', head('a:\r\n'.repeat(3000)), false, true],
  ['a header of 15 KB', head(`A: ${'x'.repeat(15_000)}\r\n`), true, true],
  ['a header of 40 KB', head(`A: ${'x'.repeat(40_000)}\r\n`), true, false],
  ['its length twice', head(LENGTH), true, false],
  ['two lengths', head('Content-Length: 3\r\n'), false, false],
  ['a length with zeros before it', `${OK}Content-Length: 00${BODY.length}\r\n\r\n${BODY}`, true, true],
  ['a length that is none', `${OK}Content-Length: +${BODY.length}\r\n\r\n${BODY}`, false, false],
  ['a longer length', `${OK}Content-Length: ${BODY.length + 1}\r\n\r\n${BODY}`, false, false],

  ['chunks', chunked('', 7), true, true],
  ['chunks whose sizes have zeros before them', chunked('').replace(/\r\n\r\n/, '\r\n\r\n0000'), true, true],
  ['chunks with extensions', chunked(';a=b;c="d e"'), true, true],
  ['chunks with extensions of 12 KB', chunked(`;${'a'.repeat(12_000)}`, 5000), true, true],
  ['a hundred chunks with signatures', chunked(SIGNED, 12), true, true],
  ['chunks with extensions of more than 16 KB together', chunked(SIGNED, 4), false, true],
  ['chunks with spaces behind their sizes', chunked('  '), true, false],
  ['chunks that end in LF', chunked('').replaceAll(/\r\n(?=\{|0)/g, '\n'), false, false],
  ['chunks with trailers', chunked('', 1000, CHUNKED, `0\r\n${'A: b\r\n'.repeat(200)}\r\n`), true, true],
  ['chunks without an end', chunked('', 1000, CHUNKED, ''), false, false],
  ['chunks in other letters', chunked('', 1000, 'Transfer-Encoding: Chunked\r\n'), true, true],
  ['chunks and a length', chunked('', 1000, `Content-Length: 5\r\n${CHUNKED}`), true, false],
  ['chunks in HTTP/1.0', chunked('', 1000, CHUNKED, '0\r\n\r\n', 'HTTP/1.0 200 OK\r\n'), false, true],

  ['gzip', encoded('gzip', gzip), true, true],
  ['gzip and a zero byte behind it', encoded('gzip', gzip, [0]), true, true],
  ['gzip and zero bytes behind it', encoded('gzip', gzip, Buffer.alloc(200_000)), true, true],
  ['gzip of several members', encoded('gzip', gzipSync(BODY.slice(0, 9)), gzipSync(BODY.slice(9))), true, true],
  ['gzip and an empty member', encoded('gzip', gzip, gzipSync('')), true, true],
  ['gzip and other bytes behind it', encoded('gzip', gzip, 'more'), false, false],
  ['gzip and the beginning of a member', encoded('gzip', gzip, gzip.subarray(0, 5)), false, true],
  ['gzip without its checksum', encoded('gzip', gzip.subarray(0, crc)), false, true],
  ['gzip with a wrong checksum', encoded('gzip', gzip.subarray(0, crc), [1, 2, 3, 4, 5, 6, 7, 8]), false, false],
  ['zlib', encoded('deflate', zlib), true, true],
  ['zlib and other bytes behind it', encoded('deflate', zlib, 'more'), true, true],
  ['zlib that is called gzip', encoded('gzip', zlib), true, true],
  ['zlib without its checksum', encoded('deflate', zlib.subarray(0, -4)), false, true],
  ['deflate without a header', encoded('deflate', raw), true, true],
  ['deflate without a header and zero bytes behind it', encoded('deflate', raw, [0, 0]), true, true],
  ['deflate without a header and other bytes behind it', encoded('deflate', raw, 'more'), true, false],
  ['gzip that is called deflate', encoded('deflate', gzip), true, false],
  ['brotli and other bytes behind it', encoded('br', brotli, 'more'), true, true],
  ['a text that is called gzip', encoded('gzip', BODY), false, false],
  ['an encoding that is unknown', encoded('other', BODY), true, true],
])

/**
 * The URL of a server that writes what it likes when a request comes.
 *
 * @param {import('node:test').TestContext} t
 * @param {(socket: import('node:net').Socket) => unknown} respond
 */
async function serveBytes(t, respond) {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', () => respond(socket))
    t.after(() => socket.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}/`
}

for (const [form, bytes, takes, old] of FORMS) {
  test(`a response with ${form} is ${takes ? 'taken' : 'not taken'}`, async (t) => {
    const url = await serveBytes(t, (socket) => socket.end(bytes))
    const host = useHost(t)
    const taken = await addon.getSessionLogs('s', url)
    if (takes) assert.deepEqual(taken, ENTRIES, host.errors[0]?.message)
    else assert.equal(taken, null)
    const ofAxios = await axios.get(url, { proxy: false }).then(
      ({ data }) => JSON.stringify(data) === BODY,
      () => false,
    )
    assert.equal(ofAxios, old)
  })
}

for (const [form, words] of /** @type {const} */ ([
  ['3000 headers', /its head has more than 2000 headers, or 400 KiB, which is not supported$/],
  [
    'chunks with extensions of more than 16 KB together',
    /its chunk extensions have more than 16 KiB, which is not supported$/,
  ],
  ['chunks in HTTP/1.0', /it has a Transfer-Encoding that is not supported \(HTTP\/1\.1 and `chunked` are\)$/],
])) {
  test(`a response with ${form} is told in plain words`, async (t) => {
    const bytes = FORMS.find(([name]) => name === form)?.[1] ?? ''
    const url = await serveBytes(t, (socket) => socket.end(bytes))
    const host = useHost(t)
    assert.equal(await addon.getSessionLogs('s', url), null)
    assert.match(host.errors[0].message, words)
  })
}

test('a connection whose gzip had zero bytes behind it is used again', async (t) => {
  const sockets = new Set()
  const url = await serveBytes(t, (socket) => {
    sockets.add(socket)
    socket.write(encoded('gzip', gzip, Buffer.alloc(200_000)))
  })
  useHost(t)
  for (let n = 0; n < 3; n++) assert.deepEqual(await addon.getSessionLogs('s', url), ENTRIES)
  assert.equal(sockets.size, 1)
})
