// Installs the test runners that the package is tested under, in their pinned versions, into target/runners.

import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { folder, packages } from './runners.mjs'

/** @param {string} name */
function installed(name) {
  try {
    return JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')).version
  } catch {
    return undefined
  }
}

if (Object.entries(packages).some(([name, version]) => installed(name) !== version)) {
  console.log('Installing the test runners (about 160 MB) …')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: packages }))
  const parameters = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']
  const { status } = spawnSync('npm', parameters, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  process.exit(status ?? 1)
}
