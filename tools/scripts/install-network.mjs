// Installs what `npm run test:network` needs and the machine has not: servers and proxies from Debian, by
// apt-get, and httpbin from PyPI, into target/network. Does nothing where all is there.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { find, gunicorn, packages, pythonFolder, pythonPackages } from './network-servers.mjs'

const missing = Object.keys(packages).filter((program) => find(program) === undefined)
if (missing.length > 0) installPackages(missing.map((program) => packages[program]))
if (!existsSync(gunicorn)) installPython()

/** @param {string[]} names */
function installPackages(names) {
  const byHand = `apt-get install --no-install-recommends ${names.join(' ')}`
  if (find('apt-get') === undefined)
    fail(`the tests of the network need Debian's ${names.join(', ')}: not to be had here`)
  if (process.getuid?.() !== 0) fail(`some programs are missing; as root:\n\n  ${byHand}\n`)
  console.log(`Installing ${names.join(', ')} from Debian …`)
  run('apt-get', ['update'])
  run('apt-get', ['install', '--yes', '--no-install-recommends', ...names])
}

function installPython() {
  console.log(`Installing ${pythonPackages.join(', ')} from PyPI …`)
  const python = find('python3') ?? fail('the tests of the network need Python 3')
  if (spawnSync(python, ['-c', 'import ensurepip']).status !== 0) installPackages(['python3-venv'])
  run(python, ['-m', 'venv', '--clear', pythonFolder])
  // One after the other: gunicorn, the last, says that all are there.
  for (const name of pythonPackages) {
    run(`${pythonFolder}/bin/pip`, ['install', '--quiet', '--disable-pip-version-check', name])
  }
}

/** @param {string} command @param {string[]} parameters */
function run(command, parameters) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  // What goes wrong is shown; what goes well is of no interest here.
  const { status, stdout, stderr, error } = spawnSync(command, parameters, { encoding: 'utf8', env })
  if (status !== 0) {
    fail(`${command} ${parameters.join(' ')} failed\n${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`)
  }
}

/** @param {string} why @returns {never} */
function fail(why) {
  console.error(why)
  process.exit(1)
}
