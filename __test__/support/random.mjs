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
