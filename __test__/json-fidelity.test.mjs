// JSON is V8's, both ways: specification.md, section 8.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { serve, serveInOrder } from './support/server.mjs'

/** Entries as a server may write them. @type {[string, string][]} */
const TEXTS = [
  ['plain', '{"uuid":"a","n":[1,2.5,-3e-7,true,false,null,"x"]}'],
  ['negative zero', '[-0,-0.0,0]'],
  ['numbers beyond a double', '[1E400,-1E400,1e-400,12345678901234567890,0.1e1]'],
  ['lone surrogates', '["\\ud800","\\udc00x","\\udc00\\ud800","\\ud83d\\ude00"]'],
  ['a __proto__ key', '{"__proto__":{"polluted":true},"constructor":1,"prototype":2}'],
  ['duplicate keys', '{"a":1,"b":2,"a":3}'],
  ['keys that are numbers, out of order', '{"b":1,"10":2,"2":3,"a":4}'],
  ['escapes in keys and values', '{"\\u0061\\n\\/":"\\"\\\\\\b\\f\\t\\u0000"}'],
  ['white space everywhere', ' \n\t\r{ \n"a" : [ 1 , { } , [ ] ] } \r'],
  ['text beyond Latin-1', '["größer","日本語","😀","\u2028\u2029","\u0085\ufeff"]'],
  ['scalars', '"only a string"'],
  ['an array nested 5,000 deep', '['.repeat(5000) + ']'.repeat(5000)],
  ['objects nested 5,000 deep', ['{"a":'.repeat(5000), '1', '}'.repeat(5000)].join('')],
  ['brackets and commas in strings', '{"a":"],[}{,\\"","b,":["}"]}'],
]

const DEEP = TEXTS.filter(([name]) => name.includes('deep'))
const SHALLOW = TEXTS.filter((text) => !DEEP.includes(text))

/** Values, and the order of keys. @param {unknown} actual @param {unknown} expected */
function assertSame(actual, expected) {
  assert.deepStrictEqual(actual, expected)
  assert.equal(JSON.stringify(actual), JSON.stringify(expected))
}

/** How deep a value nests, and what is at its ground. @param {any} value */
function measure(value) {
  let depth = 0
  let inner = value
  for (; typeof inner === 'object' && Object.keys(inner).length > 0; depth++) inner = Object.values(inner)[0]
  return { depth, inner }
}

/** A log and a page of events with the value that is meant in the middle. @param {import('node:test').TestContext} t @param {string} text */
async function readBoth(t, text) {
  const server = await serveInOrder(
    t,
    { body: `{"loglines":[1,${text},{"last":true}]}` },
    { body: `{"data":[{"payload":1},{"event_id":"e","payload":${text}},{"payload":{"last":true}}]}` },
  )
  const host = useHost(t, { getOauthConfig: () => ({ BASE_API_URL: server.url }) })
  const read = [await addon.getSessionLogs('s', server.url), await addon.getTeleportEvents('s', 'a', 'o')]
  assert.deepEqual(host.errors, [])
  return /** @type {unknown[][]} */ (read)
}

for (const [name, text] of SHALLOW) {
  test(`${name}: a log and a payload read as JSON.parse reads them`, async (t) => {
    for (const read of await readBoth(t, text)) assertSame(read, JSON.parse(`[1,${text},{"last":true}]`))
  })
}

// Too deep for a comparison that recurses, and for JSON.stringify.
for (const [name, text] of DEEP) {
  test(`${name}: a log and a payload read as JSON.parse reads them`, async (t) => {
    for (const [first, value, last] of await readBoth(t, text)) {
      assert.deepEqual([first, last], [1, { last: true }])
      assert.deepEqual(measure(value), measure(JSON.parse(text)))
    }
  })
}

test('a key named __proto__ in an entry is a key and no prototype', async (t) => {
  useHost(t)
  const server = await serveInOrder(t, { body: '{"loglines":[{"__proto__":{"polluted":true}}]}' })
  const [entry] = /** @type {any} */ (await addon.getSessionLogs('s', server.url))
  assert.equal(entry.polluted, undefined)
  assert.deepEqual(Object.keys(entry), ['__proto__'])
})

test('of a body a byte order mark is skipped, invalid UTF-8 reads as U+FFFD, and the charset is ignored', async (t) => {
  useHost(t)
  const body = Buffer.concat([
    Buffer.from('\ufeff{"\xff":0,"loglines":["', 'utf8'),
    Buffer.from([0xff, 0xe2, 0x82, 0x41, 0xf0, 0x9f, 0x98, 0xed, 0xa0, 0x80, 0xc3]),
    Buffer.from('"]}'),
  ])
  const server = await serveInOrder(t, { headers: { 'content-type': 'application/json; charset=utf-16' }, body })
  const expected = JSON.parse(body.toString().slice(1)).loglines
  assert.deepEqual(await addon.getSessionLogs('s', server.url), expected)
})

test('wherever the chunks of a body end, it reads the same', async (t) => {
  useHost(t)
  const entries = SHALLOW.map(([, text]) => JSON.parse(text))
  const texts = SHALLOW.map(([, text]) => text)
  const body = Buffer.from(`{"a":"\\"loglines\\":[","loglines":[${texts.join()}],"b":[{}]}`)
  const server = await serve(t, async (_request, response, index) => {
    response.writeHead(200)
    for (let start = 0; start < body.length; start += index + 1) {
      await new Promise((resolve) => response.write(body.subarray(start, start + index + 1), resolve))
    }
    response.end()
  })
  for (let size = 1; size < 8; size++) {
    assert.deepEqual(await addon.getSessionLogs('s', server.url), entries)
  }
})

test('of duplicate loglines the last one counts, as in JSON.parse', async (t) => {
  useHost(t)
  const many = JSON.stringify(Array.from({ length: 20_000 }, () => createEntry()))
  const server = await serveInOrder(
    t,
    { body: `{"loglines":${many},"loglines":[1]}` },
    { body: `{"loglines":${many},"loglines":null}` },
    { body: `{"loglines":[{"uuid":"a"]],"loglines":[1]}` },
  )
  assert.deepEqual(await addon.getSessionLogs('s', server.url), [1])
  assert.equal(await addon.getSessionLogs('s', server.url), null)
  assert.equal(await addon.getSessionLogs('s', server.url), null)
})

test('every malformed body gives null: each truncation, and what JSON.parse would refuse', async (t) => {
  const text = '{"a":[1,{"b":"\\u00e9"}],"loglines":[{"uuid":"a","n":-1.5e3},[true,null],"x"],"z":{}}'
  const bodies = [
    ...Array.from({ length: text.length }, (_, length) => text.slice(0, length)),
    `${text}x`,
    `${text}}`,
    `${text},`,
    `${text}${text}`,
    '{"loglines":[1,]}',
    '{"loglines":[,1]}',
    '{"loglines":[1 2]}',
    '{"loglines":[01]}',
    '{"loglines":[1.]}',
    '{"loglines":[+1]}',
    '{"loglines":[.5]}',
    '{"loglines":[nul]}',
    '{"loglines":[undefined]}',
    '{"loglines":[NaN]}',
    "{'loglines':[]}",
    '{"loglines":["\n"]}',
    '{"loglines":["\u0001"]}',
    '{"loglines":["\\x"]}',
    '{"loglines":["\\u12"]}',
    '{"loglines":[{"a"}]}',
    '{"loglines":[{"a":1,}]}',
    '{"loglines":[{a:1}]}',
    '{"loglines":[[1}]}',
    '{"loglines":[1],"x":}',
    '{"loglines":[1],"x":"\t"}',
    '{"loglines":[1]/* */}',
    '{"loglines":[\u00a01]}',
    '{"loglines":[1]}\u0000',
    '[{"loglines":[1]}]',
    '{"loglines":{"0":1}}',
    '{"loglines":"[1]"}',
    '{"loglines":true}',
  ]
  for (const body of bodies) {
    let value
    try {
      value = JSON.parse(body).loglines
    } catch {}
    assert.ok(!Array.isArray(value), `the test is right about ${body}`)
  }
  const host = useHost(t)
  const server = await serve(t, (_request, _response, index) => ({ body: bodies[index] }))
  for (const body of bodies) assert.equal(await addon.getSessionLogs('s', server.url), null, body)
  assert.deepEqual(
    host.diagnostics,
    bodies.map(() => ['error', 'session_get_fail_invalid_response']),
  )
})

test('an entry goes out as JSON.stringify writes it', async (t) => {
  useHost(t)
  const server = await serve(t, () => ({ status: 201 }))
  /** @type {any[]} */
  const entries = [
    createEntry({ n: [-0, NaN, Infinity, 1e21, 5e-324], u: undefined, f: () => {}, s: Symbol('s') }),
    createEntry({ text: '\ud800 \udc00 \ud83d\ude00 \u2028 \u0000 "\\ é 日本' }),
    createEntry({ date: new Date(0), list: [undefined, , null], map: new Map([[1, 2]]), boxed: Object('x') }),
    Object.assign(createEntry(), JSON.parse('{"__proto__":{"a":1},"constructor":2,"10":1,"2":3}')),
    createEntry({ toJSON: () => ({ b: 1, a: 2 }) }),
    createEntry({ toJSON: () => 'a string' }),
    createEntry({ toJSON: () => null }),
    Object.assign([1, 2], { uuid: 'array' }),
    // As deep as JSON.stringify itself goes with any stack.
    createEntry({ deep: JSON.parse('['.repeat(1500) + ']'.repeat(1500)) }),
  ]
  for (const entry of entries) assert.equal(await addon.appendSessionLog('s', entry, server.url), true)
  assert.deepEqual(
    server.requests.map(({ body }) => body.toString()),
    entries.map((entry) => JSON.stringify(entry)),
  )
})

test('what a host does to JSON after loading changes nothing', async (t) => {
  useHost(t)
  const { parse, stringify } = JSON
  t.after(() => Object.assign(JSON, { parse, stringify }))
  const server = await serve(t, (request) =>
    request.method === 'PUT' ? { status: 201 } : { body: '{"loglines":[1]}' },
  )
  Object.assign(JSON, { parse: () => 'patched', stringify: () => 'patched' })
  const read = await addon.getSessionLogs('s', server.url)
  await addon.appendSessionLog('s', { uuid: 'a' }, server.url)
  Object.assign(JSON, { parse, stringify })
  assert.deepEqual(read, [1])
  assert.equal(server.requests[1].body.toString(), '{"uuid":"a"}')
})
