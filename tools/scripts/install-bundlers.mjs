// Installs the bundlers of tools/scripts/bundlers.mjs into target/bundlers, without running any script of theirs.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { folder, packages } from './bundlers.mjs'

const manifest = JSON.stringify({ private: true, dependencies: packages })
const done = join(folder, 'installed.json')
if (!existsSync(done) || readFileSync(done, 'utf8') !== manifest) {
  console.log('Installing the bundlers (about 200 MB) …')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), manifest)
  // Some ask for a newer Node than npm may run on; the tests run them on one of the runtimes.
  const parameters = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']
  const { status } = spawnSync('npm', parameters, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) process.exit(status ?? 1)
  writeFileSync(done, manifest)
}
