// Properties: random cases, by number or for a time, each made of a seed by which a failure can be seen again.

import fc from 'fast-check'

const { FUZZ_SECONDS, FUZZ_SEED, FUZZ_PATH } = process.env

/**
 * Checks a property. A failure says its seed and path: `FUZZ_SEED=… FUZZ_PATH=… node --test <file>` runs that
 * case. `FUZZ_SECONDS=…` goes on for so long.
 *
 * @template {any[]} Ts
 * @param {import('node:test').TestContext} t
 * @param {number} cases so many where no time is given
 * @param {fc.IAsyncProperty<Ts>} property
 * @param {fc.Parameters<Ts>} [parameters]
 */
export async function check(t, cases, property, parameters = {}) {
  const time = FUZZ_SECONDS === undefined ? {} : { interruptAfterTimeLimit: Number(FUZZ_SECONDS) * 1000 }
  const seed = FUZZ_SEED === undefined ? {} : { seed: Number(FUZZ_SEED), path: FUZZ_PATH ?? '' }
  const numRuns = FUZZ_SECONDS === undefined ? cases : Number.MAX_SAFE_INTEGER
  const details = await fc.check(property, { ...parameters, numRuns, ...time, ...seed })
  t.diagnostic(`${details.numRuns} cases`)
  if (!details.failed) return
  const again = `FUZZ_SEED=${details.seed} FUZZ_PATH=${details.counterexamplePath}`
  const error = /** @type {any} */ (details.errorInstance)
  const what = error?.stack ?? String(error)
  throw new Error(`does not hold after ${details.numRuns} cases; again by ${again}\n${what}\n${await report(details)}`)
}

/** The values of a case, where they let themselves be shown. @template Ts @param {fc.RunDetails<Ts>} details */
async function report(details) {
  try {
    return await fc.asyncDefaultReportMessage(details)
  } catch {
    return 'The values of this case cannot be shown.'
  }
}
