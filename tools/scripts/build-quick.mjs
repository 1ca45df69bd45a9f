// Builds the addon for tests and the demo: in the profile `quick`, with the points at which a test can have it panic,
// into target/ (tools/shared/quick-build.mjs says where).

import { spawnSync } from 'node:child_process'
import { copyFileSync, renameSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { QUICK, QUICK_BUILD } from '../shared/quick-build.mjs'

const cwd = fileURLToPath(new URL('../..', import.meta.url))
// The example has cargo take in what only tests depend on: without it, `cargo test` would want other features of the same
// crates, and compile half of them again.
const parameters = ['build', '--workspace', '--lib', '--example', 'benchmark_server', ...QUICK]
const { status, stdout } = spawnSync('cargo', [...parameters, '--message-format=json-render-diagnostics'], {
  cwd,
  encoding: 'utf8',
  maxBuffer: 1 << 28,
  stdio: ['ignore', 'pipe', 'inherit'],
})
if (status !== 0) process.exit(status ?? 1)

// Cargo says what it made, wherever its target folder is and whatever a library is called on this system.
const built = stdout
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line))
  .find(({ reason, target }) => reason === 'compiler-artifact' && target.crate_types.includes('cdylib'))
// In one step: a process that has the old one open keeps it.
copyFileSync(built.filenames[0], `${QUICK_BUILD}.new`)
renameSync(`${QUICK_BUILD}.new`, QUICK_BUILD)
