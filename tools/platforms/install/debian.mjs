// Packages of Debian, unpacked into folders of their own. apt has a state of its own for it: nothing is installed, root is
// not needed, and other suites and machines can be had than the machine's own. The mirror is the one that apt is set to.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kept } from '../folders.mjs'
import { run } from '../run-program.mjs'

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
/** What the programs of the machine itself come from; the other has a newer musl, and a wine. */
const OWN = 'bookworm'

/** @typedef {'bookworm' | 'trixie'} Suite */

/** @param {string} name @param {string[]} [settings] */
function stateOptions(name, settings = []) {
  const folder = kept('apt', name)
  for (const part of ['state/lists/partial', 'cache/archives/partial'])
    mkdirSync(join(folder, part), { recursive: true })
  const status = join(folder, 'status')
  writeFileSync(status, '')
  return [
    `Dir::State=${join(folder, 'state')}`,
    `Dir::State::status=${status}`,
    `Dir::Cache=${join(folder, 'cache')}`,
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
    ...settings,
  ].flatMap((setting) => ['-o', setting])
}

/** The addresses of Debian's archives, as the machine's own apt has them. */
function findArchives() {
  const machine = stateOptions('machine')
  run('apt-get', [...machine, 'update'])
  const format = ['--format', '$(CODENAME) $(REPO_URI)', 'Created-By: Packages', 'Origin: Debian']
  const lines = run('apt-get', [...machine, 'indextargets', ...format])
    .trim()
    .split('\n')
  /** @type {Map<string, string>} */
  const archives = new Map(lines.map((line) => /** @type {[string, string]} */ (line.split(' '))))
  const main = archives.get(OWN)
  if (!main) throw new Error(`this needs Debian 12: apt has no archive of ${OWN}`)
  return { main, security: archives.get(`${OWN}-security`) }
}

/** @type {Map<Suite, string[]>} */
const opened = new Map()

/** apt's options for a suite, whose lists it has then. @param {Suite} suite */
function open(suite) {
  const known = opened.get(suite)
  if (known) return known
  const { main, security } = findArchives()
  const sources = kept('apt', `${suite}.list`)
  const line = (/** @type {string} */ uri, /** @type {string} */ name) =>
    `deb [arch=amd64,arm64 signed-by=${KEYRING}] ${uri} ${name} main\n`
  writeFileSync(sources, line(main, suite) + (security ? line(security, `${suite}-security`) : ''))
  const options = stateOptions(suite, [
    `Dir::Etc::sourcelist=${sources}`,
    'Dir::Etc::sourceparts=/dev/null',
    'APT::Architectures::=amd64',
    'APT::Architectures::=arm64',
  ])
  run('apt-get', [...options, 'update'])
  opened.set(suite, options)
  return options
}

/**
 * Unpacks packages, and nothing that they depend on.
 *
 * @param {Suite} suite
 * @param {string[]} packages
 * @param {string} folder
 */
export function unpack(suite, packages, folder) {
  const options = open(suite)
  const archives = `${folder}.debs`
  mkdirSync(archives, { recursive: true })
  run('apt-get', [...options, 'download', ...packages], { cwd: archives })
  unpackAll(archives, folder)
}

/**
 * Unpacks packages and all that they depend on. No script of theirs runs.
 *
 * @param {Suite} suite
 * @param {string[]} packages
 * @param {string} folder
 */
export function unpackWhole(suite, packages, folder) {
  const archives = `${folder}.debs`
  mkdirSync(join(archives, 'partial'), { recursive: true })
  const options = [...open(suite), '-o', `Dir::Cache::archives=${archives}`]
  run('apt-get', [...options, 'install', '--download-only', '--yes', '--no-install-recommends', ...packages])
  unpackAll(archives, folder)
}

/** @param {string} archives removed afterwards @param {string} folder */
function unpackAll(archives, folder) {
  mkdirSync(folder, { recursive: true })
  const names = readdirSync(archives).filter((name) => name.endsWith('.deb'))
  // It has the links of /bin and /lib, through which the others are unpacked.
  names.sort((a, b) => Number(b.startsWith('base-files_')) - Number(a.startsWith('base-files_')))
  for (const name of names) run('dpkg', ['-x', join(archives, name), folder])
  rmSync(archives, { recursive: true })
}
