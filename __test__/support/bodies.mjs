// Bodies of responses as no server should send them, and as it may.

import fc from 'fast-check'

const KEYS = [
  ...['loglines', 'data', 'payload', 'next_cursor', 'uuid', '__proto__', 'constructor', 'length', '10', '2', ''],
  ...['log\\u006cines', 'd\\u0061ta', 'p\\u0061yload', '\\ud800', '\\"data', 'Loglines', 'then', 'toJSON'],
]
const SCALARS = ['null', 'true', 'false', '0', '-0', '-0.0', '1E400', '-1e-400', '12345678901234567890', '0.1']
const NO_JSON = ['01', '+1', '.5', '1.', 'nul', 'NaN', "'a'", '"\n"', '"\\x"', '"\\u12"', 'undefined', '']
const PIECES = [
  ...['a', '0', '\\"', '\\\\', '\\/', '\\n', '\\u0000', '\\u00e9', '\\ud800', '\\udc00', '\\ud83d\\ude00', '],[', '}{'],
  ...[',', ':', 'é', 'ÿ', 'Ā', '日', '😀', '\u2028', '\ufeff', '\ufffd', 'x'.repeat(300), 'y'.repeat(3000)],
]
const GARBAGE = [
  ...[
    '[',
    ']',
    '{',
    '}',
    ',',
    ':',
    '"',
    '\\',
    ' ',
    '\n',
    '\0',
    '\f',
    '\ufeff',
    '\u00a0',
    '0',
    'null',
    '[]',
    '1,',
    ',]',
  ],
  ...['\xff', '\xed\xa0\x80', '\xf0\x9f\x98', '\xc3', '\xef\xbb'],
].map((text) => Buffer.from(text, /[^\0-\x7f]/.test(text) && !/[\ufeff\u00a0]/.test(text) ? 'latin1' : 'utf8'))

const space = fc.oneof({ weight: 8, arbitrary: fc.constant('') }, fc.constantFrom(' ', '\n', '\r\t ', '  '))
const key = fc.constantFrom(...KEYS).map((text) => `"${text}"`)
const string = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 4 }).map(quoted)), {
    maxLength: 4,
  })
  .map((pieces) => `"${pieces.join('')}"`)

/** A string's characters as JSON, lone surrogates as they are. @param {string} text */
function quoted(text) {
  return JSON.stringify(text).slice(1, -1)
}

/** @param {string} open @param {string} close @param {fc.Arbitrary<string>} item */
function list(open, close, item) {
  const items = fc.array(fc.tuple(space, item, space), { maxLength: 4 })
  return items.map((all) => open + all.map((parts) => parts.join('')).join(',') + close)
}

/** @param {fc.Arbitrary<string>} name @param {fc.Arbitrary<string>} value */
function member(name, value) {
  return fc.tuple(name, space, fc.constant(':'), space, value).map((parts) => parts.join(''))
}

const { value, array } = fc.letrec((/** @type {(key: string) => fc.Arbitrary<any>} */ tie) => {
  const inner = tie('value')
  return {
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(...SCALARS),
      string,
      { weight: 2, arbitrary: tie('object') },
      tie('array'),
    ),
    object: list(
      '{',
      '}',
      fc.oneof(member(key, inner), member(fc.constant('"payload"'), inner), member(string, inner)),
    ),
    array: list('[', ']', inner),
  }
})
const events = list('[', ']', list('{', '}', member(fc.oneof(fc.constant('"payload"'), key), value)))
const cursor = fc.constantFrom('null', '-1', '0', '1E400', '""', '"a\\u0062"', '"\\ud800/?&=+ %"', 'true', '[]')

const change = fc.record({
  kind: fc.constantFrom('insert', 'truncate', 'delete', 'repeat', 'replace'),
  at: fc.nat(),
  length: fc.nat(20),
  garbage: fc.oneof(
    fc.constantFrom(...GARBAGE),
    fc.constantFrom(...NO_JSON).map((text) => Buffer.from(text)),
  ),
})

/** @param {Buffer} body @param {{ kind: string, at: number, length: number, garbage: Buffer }} change */
function changed(body, { kind, at, length, garbage }) {
  const from = at % (body.length + 1)
  const [before, meant, after] = [
    body.subarray(0, from),
    body.subarray(from, from + length),
    body.subarray(from + length),
  ]
  if (kind === 'insert') return Buffer.concat([before, garbage, meant, after])
  if (kind === 'truncate') return before
  if (kind === 'delete') return Buffer.concat([before, after])
  if (kind === 'repeat') return Buffer.concat([before, meant, meant, after])
  return Buffer.concat([before, garbage, after])
}

/** The body of a response with an array under `name`, or nearly so. @param {string} name */
export function body(name) {
  const meant = member(fc.constant(`"${name}"`), name === 'data' ? fc.oneof(events, array) : array)
  const other = fc.oneof(member(key, value), member(fc.constant('"next_cursor"'), cursor), meant)
  const members = fc.tuple(fc.array(other, { maxLength: 3 }), meant, fc.array(other, { maxLength: 2 }))
  const mark = fc.oneof({ weight: 8, arbitrary: fc.constant('') }, fc.constantFrom('\ufeff', '\ufeff\ufeff', ' \ufeff'))
  const text = fc.tuple(mark, space, members, space).map(([first, before, all, after]) => {
    return Buffer.from(`${first}${before}{${all.flat().join(',')}}${after}`)
  })
  const changes = fc.oneof(fc.constant([]), fc.array(change, { maxLength: 2 }))
  return fc.tuple(text, changes).map(([whole, all]) => all.reduce(changed, whole))
}

/** Where a body is cut: sizes of chunks, again and again. @type {fc.Arbitrary<number[]>} */
export const cuts = fc.oneof(
  fc.constant(null).map(() => [Number.MAX_SAFE_INTEGER]),
  fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 5 }),
)

/** @param {Buffer} body @param {number[]} sizes */
export function cut(body, sizes) {
  const chunks = []
  // So many pieces and no more: a large body in single bytes is of no more interest than a small one.
  for (let at = 0; at < body.length; ) {
    /** @type {number} */
    const size = chunks.length < 50 ? sizes[chunks.length % sizes.length] : body.length
    chunks.push(body.subarray(at, at + size))
    at += size
  }
  return chunks
}
