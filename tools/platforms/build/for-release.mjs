// The binary that is published for a target, beside index.js: for Linux by zig, for macOS and Windows on a machine of that
// kind, always with the standard library that comes with Rust for the target.

import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileName, platformOf } from '../../shared/targets.mjs'
import { ROOT } from '../folders.mjs'
import { installAll } from '../install/needs.mjs'
import { zigNeed } from '../install/python.mjs'
import { zig } from './zig.mjs'

const shell = process.platform === 'win32'

/** Whether it can be built here as it is published. @param {string} target */
export function canRelease(target) {
  const { platform } = platformOf(target)
  if (platform !== 'linux' && platform !== process.platform) return false
  return hasStandardLibrary(target) || (addStandardLibrary(target) && hasStandardLibrary(target))
}

/** @param {string} target */
function hasStandardLibrary(target) {
  const parameters = ['--print', 'target-libdir', '--target', target]
  const { stdout } = spawnSync('rustc', parameters, { cwd: ROOT, encoding: 'utf8', shell })
  return Boolean(stdout) && existsSync(stdout.trim())
}

/** @param {string} target */
function addStandardLibrary(target) {
  return spawnSync('rustup', ['target', 'add', target], { cwd: ROOT, stdio: 'ignore', shell }).status === 0
}

/**
 * @param {string} target
 * @param {string} [folder] in which it is then; one for macOS or Windows is always beside index.js
 * @returns {Promise<string>} the file
 */
export async function buildForRelease(target, folder = ROOT) {
  const file = join(folder, fileName(target))
  if (platformOf(target).platform === 'linux') {
    await installAll([zigNeed])
    const { program, subcommand, target: linked, variables } = zig(target)
    run(program, [subcommand, '--release', '--lib', '--locked', '--target', linked], variables)
    mkdirSync(folder, { recursive: true })
    copyFileSync(join(ROOT, 'target', target, 'release/libsession_ingress.so'), file)
  } else {
    run('npx', ['napi', 'build', '--platform', '--release', '--no-js', '--target', target])
    run('node', ['tools/scripts/write-index.mjs'])
  }
  return file
}

/** @param {string} command @param {string[]} parameters @param {Record<string, string>} [variables] */
function run(command, parameters, variables) {
  const env = { ...process.env, ...variables }
  const { status } = spawnSync(command, parameters, { cwd: ROOT, env, shell, stdio: 'inherit' })
  if (status !== 0) throw new Error(`${command} ${parameters.join(' ')} failed`)
}
