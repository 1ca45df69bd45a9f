// Makes what a command needs on a fresh clone: the npm packages, and the addon as its sources are now. That is the
// quick build in target/; with --release, the one that is shipped, beside index.js; with --packages, none.

import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const shell = process.platform === 'win32'

/** @param {string} command @param {...string} parameters */
function run(command, ...parameters) {
  // What goes wrong is shown; what goes well is of no interest here.
  const { status, stdout, stderr, error } = spawnSync(command, parameters, { cwd: root, encoding: 'utf8', shell })
  if (status !== 0) {
    console.error(`${command} ${parameters.join(' ')} failed\n${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`)
    process.exit(1)
  }
}

/** @param {string} path */
function changedAt(path) {
  return statSync(new URL(`../../${path}`, import.meta.url), { throwIfNoEntry: false })?.mtimeMs ?? 0
}

// npm writes the second file at the end of an installation.
if (changedAt('package-lock.json') > changedAt('node_modules/.package-lock.json')) {
  console.log('Installing the npm packages …')
  // Not `npm ci`: it refuses a lock file that leaves out a package for some other platform.
  run('npm', 'run', 'setup')
}
if (!process.argv.includes('--packages')) {
  const isRelease = process.argv.includes('--release')
  console.log(`Building the addon${isRelease ? ' as it is shipped' : ''} (a first build takes some minutes) …`)
  run('npm', 'run', isRelease ? 'build' : 'build:quick')
}
