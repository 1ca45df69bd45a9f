// Parts of responses, of forms that servers send and that none should.

/** What a script says, for what is known when it is sent only. */
export const OWN_UUID = '00000000-own0-4000-8000-000000000000'
export const ORIGIN = '127.0.0.1:00001'
export const OTHER_ORIGIN = '127.0.0.1:00002'

export const STATUSES = [
  ...[200, 201, 409, 404, 401, 500, 503, 429, 301, 302, 303, 307, 308, 301, 302, 303, 307, 308],
  ...[100, 101, 102, 103, 199, 202, 204, 205, 206, 207, 226, 300, 304, 305, 399, 400, 403, 407, 408, 411, 413],
  ...[417, 421, 422, 425, 431, 451, 499, 502, 504, 505, 511, 599, 600, 999, 0, 99, 1000, -1],
]
export const LOCATIONS = [
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
export const HEADERS = [
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
export const STARTS = [
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
export const NO_HEADS = [
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
export function bytes(text) {
  return Buffer.from(text, 'latin1')
}
