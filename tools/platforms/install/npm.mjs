// JavaScript runtimes for other platforms, from the npm packages that carry their binaries.

import { mkdirSync, writeFileSync } from 'node:fs'
import { run } from '../run-program.mjs'

/**
 * Installs packages for whichever platform they are. No script of theirs runs.
 *
 * @param {Record<string, string>} packages as in `dependencies`
 * @param {string} folder
 */
export function installPackages(packages, folder) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/package.json`, JSON.stringify({ private: true, dependencies: packages }))
  const parameters = ['--force', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']
  run('npm', ['install', ...parameters], { cwd: folder })
}
