// Random cases for a time: `npm run fuzz -- --seconds 600`, half of it for the core and half for the addon.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { QUICK } from '../shared/quick-build.mjs'

/** Properties of each; the core's run two at a time. */
const OF_CORE = 20
const OF_ADDON = 4

const root = fileURLToPath(new URL('../..', import.meta.url))
const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } })
const seconds = Number(values.seconds)
if (!(seconds > 0)) {
  console.error(`--seconds must be a positive number, not ${values.seconds}`)
  process.exit(1)
}

/** @param {string} command @param {string[]} parameters @param {NodeJS.ProcessEnv} env */
function run(command, parameters, env) {
  const { status } = spawnSync(command, parameters, { cwd: root, env: { ...process.env, ...env }, stdio: 'inherit' })
  return status === 0
}

const ofCore = Math.ceil((seconds * 1000) / OF_CORE)
const ofTests = ['--nocapture', '--test-threads=2']
const core = run('cargo', ['test', '--quiet', '--workspace', '--lib', ...QUICK, 'fuzz::', '--', ...ofTests], {
  ARBTEST_BUDGET_MS: String(ofCore),
})
const files = ['readers', 'hosts', 'servers'].map((name) => `__test__/fuzz-${name}.test.mjs`)
const addon = run(process.execPath, ['--test', '--test-concurrency=1', ...files], {
  FUZZ_SECONDS: String(seconds / 2 / OF_ADDON),
})
process.exit(core && addon ? 0 : 1)
