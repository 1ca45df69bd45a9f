// Packs the nine packages as a release publishes them, into target/packages: npm run pack:packages [-- --stand-ins]
//
// With the binaries that lie beside index.js. Where one is missing or not to be published, nothing is packed; with
// --stand-ins, a build for tests or an empty file takes its place, marked, so that it can be installed and never published.

import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileName, platformName, targets } from '../shared/targets.mjs'
import { markTestBuild } from '../shared/test-build.mjs'
import { kept, ROOT } from './folders.mjs'
import { run } from './run-program.mjs'
import { copyClone } from './stage.mjs'

const OUT = join(ROOT, 'target/packages')
/** Those that were packed already. @type {Set<string>} */
const packed = new Set()
const standIns = process.argv.includes('--stand-ins')
const clone = kept('pack')
const napi = (/** @type {string[]} */ ...parameters) => {
  run('node', [join(ROOT, 'node_modules/@napi-rs/cli/cli.mjs'), ...parameters], { cwd: clone })
}

try {
  rmSync(clone, { recursive: true, force: true })
  rmSync(OUT, { recursive: true, force: true })
  mkdirSync(OUT, { recursive: true })
  copyClone(clone)
  mkdirSync(join(clone, 'artifacts'))
  const binaries = targets.map((target) => ({ target, built: addBinary(target) }))
  napi('create-npm-dirs')
  napi('artifacts')
  if (!standIns) run('node', ['tools/scripts/check-shipped.mjs'], { cwd: clone })
  napi('pre-publish', '--tag-style', 'npm', '--no-gh-release', '--skip-optional-publish')
  run('node', ['tools/scripts/leave-binaries-out.mjs'], { cwd: clone })

  console.log(`${pack(clone)}  the package`)
  for (const { target, built } of binaries) console.log(`${pack(join(clone, 'npm', platformName(target)))}  ${built}`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}

/** Puts the binary of a target where a release has it; what it is, in words. @param {string} target */
function addBinary(target) {
  const name = fileName(target)
  const to = join(clone, 'artifacts', name)
  if (existsSync(join(ROOT, name))) {
    copyFileSync(join(ROOT, name), to)
    return 'as it is beside index.js'
  }
  if (!standIns) throw new Error(`${name} is missing: \`npm run build:target -- ${target}\` builds it`)
  if (existsSync(kept('builds', name))) copyFileSync(kept('builds', name), to)
  else writeFileSync(to, '')
  const isEmpty = statSync(to).size === 0
  markTestBuild(to)
  return isEmpty ? 'a marked empty file' : 'marked, as built by build:target or test:platforms'
}

/** The tarball, and its size. @param {string} folder */
function pack(folder) {
  // prepack refuses what is marked, and has looked at the rest.
  run('npm', ['pack', '--ignore-scripts', '--pack-destination', OUT], { cwd: folder })
  const [newest] = readdirSync(OUT).filter((name) => !packed.has(name))
  packed.add(newest)
  return `${String(statSync(join(OUT, newest)).size).padStart(9)} bytes  ${newest}`
}
