// The tests of how processes, workers and realms end, for longer than `npm test` takes:
//
//   npm run test:life -- --rounds 2000 [--seed 7]
//
// The rounds are workers, of which `npm test` has 200; the other tests make more in proportion.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { rounds: { type: 'string' }, seed: { type: 'string' } } })
for (const [name, value] of Object.entries(values)) {
  if (!/^[1-9]\d*$/.test(value ?? '')) {
    console.error(`--${name} must be a whole number from 1, and is ${JSON.stringify(value)}`)
    process.exit(1)
  }
}
const env = { ...process.env }
if (values.rounds) env.LIFE_ROUNDS = values.rounds
if (values.seed) env.LIFE_SEED = values.seed

const tests = ['process-ends', 'worker-ends', 'uncaught', 'realms', 'panics'].map((name) => `__test__/${name}.test.mjs`)
const cwd = fileURLToPath(new URL('../..', import.meta.url))
process.exit(spawnSync(process.execPath, ['--test', ...tests], { cwd, env, stdio: 'inherit' }).status ?? 1)
