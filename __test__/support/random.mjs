// Random tests that can be repeated: LIFE_SEED and LIFE_ROUNDS, as `npm run test:life` sets them.

/**
 * How many rounds a test makes: `rounds` of them, and in proportion where LIFE_ROUNDS asks for other than 200.
 *
 * @param {number} rounds
 */
export function roundsOf(rounds) {
  return Math.ceil((rounds * Number(process.env.LIFE_ROUNDS ?? 200)) / 200)
}

/**
 * A seed that the test's report shows.
 *
 * @param {import('node:test').TestContext} t
 */
export function seedOf(t) {
  const seed = Number(process.env.LIFE_SEED ?? Date.now() % 2 ** 31)
  t.diagnostic(`LIFE_SEED=${seed}`)
  return seed
}

/**
 * Numbers from 0 to 1, the same for the same seed (mulberry32). Stands alone: scripts of other processes have its
 * source.
 *
 * @param {number} seed
 */
export function createRandom(seed) {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
