// Installs pnpm and yarn, which the packages are installed by besides npm, into target/package-managers.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { folder, packages, programs } from './package-managers.mjs'

if (!Object.values(programs).every(existsSync)) {
  console.log('Installing pnpm and yarn (about 30 MB) …')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: packages }))
  const parameters = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']
  const { status } = spawnSync('npm', parameters, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  process.exit(status ?? 1)
}
