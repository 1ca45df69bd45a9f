// Installs the JavaScript runtimes that the package is tested on, from the npm packages that carry their
// binaries, into target/runtimes. Where they are: see `runtimes` of tools/scripts/runtimes.mjs.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { folder, packages, runtimes } from './runtimes.mjs'

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.error('The runtimes are installed for Linux x64 only: elsewhere, run `npm test` on each of your own.')
  process.exit(1)
}
if (!Object.values(runtimes).every(existsSync)) {
  console.log('Installing the runtimes (about 900 MB) …')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: packages }))
  const parameters = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock']
  const { status } = spawnSync('npm', parameters, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  process.exit(status ?? 1)
}
