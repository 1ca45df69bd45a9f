// Values as no host should pass, and functions as no host should supply.

import fc from 'fast-check'

/** What hostile code throws: not only errors. */
export const THROWN = [
  new Error('hostile'),
  new RangeError('hostile'),
  'text',
  undefined,
  null,
  42,
  Symbol('thrown'),
  7n,
]
const thrown = fc.constantFrom(...THROWN)

/** @param {unknown} what @returns {never} */
function raise(what) {
  throw what
}

function createRevoked() {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

/** Every trap of it throws. @param {unknown} what */
function createThrowing(what) {
  return new Proxy({}, new Proxy({}, { get: () => () => raise(what) }))
}

/** Has any property, and every one is `value`. @param {unknown} value */
function createBottomless(value) {
  return new Proxy({ uuid: 'a' }, { get: () => value, has: () => true })
}

/** @param {(done: (value: unknown) => void) => void} then */
function createThenable(then) {
  return Object.fromEntries([['then', then]])
}

/** @param {string[]} keys @param {unknown} what */
function createGetters(keys, what) {
  const get = () => raise(what)
  return Object.defineProperties({}, Object.fromEntries(keys.map((key) => [key, { get, enumerable: true }])))
}

const KEYS = [
  'uuid',
  'toJSON',
  'then',
  'signal',
  'onProgress',
  'aborted',
  'retry',
  'timeoutMs',
  'BASE_API_URL',
  'entries',
]

/** @typedef {() => any} Make what makes a value: the tools themselves must not look at it */

/** @param {any} value @returns {Make} */
export function given(value) {
  return () => value
}

/** An object whose properties are made with it. @param {Record<string, Make>} properties @returns {Make} */
export function whole(properties) {
  const made = Object.entries(properties)
  return () => Object.fromEntries(made.map(([key, make]) => [key, make()]))
}

/** @param {() => unknown} reenter calls the addon @returns {fc.Arbitrary<Make>} */
export function hostileValues(reenter) {
  const plain = fc
    .constantFrom(
      ...[undefined, null, true, -0, NaN, 1e308, 5e-324, -1, 7n, '', 's', '\ud800', 'a\0b', 'x'.repeat(5000)],
      ...[Symbol('s'), [], {}, Object.create(null), () => {}, class {}, new Date(NaN), new Map(), Object('boxed')],
      ...[Promise.resolve('a'), new Proxy(() => {}, {}), globalThis, Object.freeze({ uuid: 'a' })],
      ...[AbortSignal.abort(), AbortSignal.abort(null), new AbortController().signal],
      ...['http://127.0.0.1:1/', 'http://[', 'file:///', 'http://127.0.0.1:99999/', 'HTTP://127.0.0.1:1/\ud800?#'],
    )
    .map(given)
  return fc.oneof(
    plain,
    fc.constant(createRevoked),
    thrown.map((what) => () => createThrowing(what)),
    plain.map((make) => () => createBottomless(make())),
    fc.tuple(fc.subarray(KEYS), thrown).map(
      ([keys, what]) =>
        () =>
          createGetters(keys, what),
    ),
    plain.map((uuid) => whole({ uuid })),
    plain.map((toJSON) => () => ({ uuid: 'a', toJSON })),
    thrown.map((what) => () => ({ uuid: 'a', toJSON: () => raise(what) })),
    fc.constant(() => ({ uuid: 'a', toJSON: reenter })),
    fc.constant(() => Object.defineProperty({}, 'uuid', { get: () => String(reenter()), enumerable: true })),
    plain.map((make) => () => createThenable((done) => done(make()))),
    thrown.map((what) => () => createThenable(() => raise(what))),
    fc.dictionary(fc.constantFrom(...KEYS), plain).map(whole),
  )
}

/** Functions that return, throw or call again what they should not. @param {() => unknown} reenter @returns {fc.Arbitrary<() => any>} */
function hostileCallbacks(reenter) {
  return fc.oneof(
    hostileValues(reenter),
    thrown.map((what) => () => raise(what)),
    fc.constant(() => reenter()),
    fc.constant(/** @type {any} */ (class {})),
    fc.constant(new Proxy(() => 'token', {})),
  )
}

/** The same, and some whose promise rejects. @param {() => unknown} reenter @returns {fc.Arbitrary<() => any>} */
export function hostileFunctions(reenter) {
  return fc.oneof(
    { weight: 3, arbitrary: hostileCallbacks(reenter) },
    thrown.map((what) => () => Promise.reject(what)),
    thrown.map((what) => async () => raise(what)),
  )
}

/** Signals that are none, or behave as none does; what their own promises reject with is theirs to handle. @param {() => unknown} reenter @returns {fc.Arbitrary<Make>} */
export function hostileSignals(reenter) {
  const fn = hostileCallbacks(reenter).map(given)
  const atOnce = (/** @type {string} */ _, /** @type {() => void} */ listener) => listener()
  const later = (/** @type {string} */ _, /** @type {() => void} */ listener) => void setImmediate(listener)
  return fc
    .record({
      aborted: fc.oneof(fc.boolean().map(given), hostileValues(reenter)),
      addEventListener: fc.oneof(fc.constantFrom(atOnce, later).map(given), fn),
      removeEventListener: fn,
      reason: thrown.map(given),
    })
    .map(whole)
}
