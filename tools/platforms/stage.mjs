// The clone as a platform gets it: its files as they are now, the binary for the platform beside index.js, and no other; and
// a folder into which that is installed, as a host has it.

import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { kept, ROOT } from './folders.mjs'
import { run } from './run-program.mjs'

/** Copies the clone's files as they are now, without what git ignores. @param {string} folder */
export function copyClone(folder) {
  const files = run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT })
  for (const file of files.split('\0').filter((file) => file !== '' && existsSync(join(ROOT, file)))) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    cpSync(join(ROOT, file), join(folder, file), { recursive: true })
  }
}

/**
 * @param {string} name
 * @param {string} binary
 */
export function createStage(name, binary) {
  const clone = kept('stages', name, 'clone')
  const host = kept('stages', name, 'host')
  rmSync(kept('stages', name), { recursive: true, force: true })
  copyClone(clone)
  copyFileSync(binary, join(clone, basename(binary)))
  mkdirSync(join(clone, 'node_modules'))

  mkdirSync(host)
  writeFileSync(join(host, 'package.json'), '{ "private": true }')
  // Without its scripts, of which one refuses a binary that is not to be published.
  run('npm', ['pack', '--ignore-scripts', '--pack-destination', host], { cwd: clone })
  const [tarball] = readdirSync(host).filter((file) => file.endsWith('.tgz'))
  const options = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock']
  run('npm', ['install', ...options, `./${tarball}`], { cwd: host })
  copyFileSync(join(ROOT, '__test__/fixtures/main-job.mjs'), join(host, 'main-job.mjs'))
  return {
    /** As `mounts` of a machine. */
    mounts: { '/clone': clone, '/clone/node_modules': join(ROOT, 'node_modules'), '/host': host },
    binary: `/clone/${basename(binary)}`,
  }
}
