// Builds the binary that is shipped for a target: node tools/scripts/build-target.mjs TRIPLE
//
// For Linux by zig, which links against any version of glibc, or against musl, whatever the machine has; it
// comes from PyPI (Python 3 with venv is needed). For macOS and Windows on a machine of that kind.

import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

// What the oldest supported systems have: Debian 10, RHEL 8, Ubuntu 18.10, Amazon Linux 2023.
const GLIBC = '2.28'
const ZIG = ['ziglang==0.17.1', 'cargo-zigbuild==0.24.0']

/** What is built by zig, and the file that it becomes. @type {Record<string, string>} */
const BY_ZIG = {
  'x86_64-unknown-linux-gnu': 'session-ingress.linux-x64-gnu.node',
  'aarch64-unknown-linux-gnu': 'session-ingress.linux-arm64-gnu.node',
  'x86_64-unknown-linux-musl': 'session-ingress.linux-x64-musl.node',
  'aarch64-unknown-linux-musl': 'session-ingress.linux-arm64-musl.node',
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const shell = process.platform === 'win32'
const [, , target] = process.argv
if (target === undefined) {
  console.error('usage: node tools/scripts/build-target.mjs TRIPLE')
  process.exit(2)
}

addTarget()
if (target in BY_ZIG) {
  buildByZig()
} else {
  run('npx', ['napi', 'build', '--platform', '--release', '--no-js', '--target', target])
  run('node', ['tools/scripts/write-index.mjs'])
}

/** Rust's standard library for the target, where rustup is there to ask. */
function addTarget() {
  const { stdout } = spawnSync('rustup', ['target', 'list', '--installed'], { encoding: 'utf8', shell })
  if (stdout && !stdout.split(/\s+/).includes(target)) run('rustup', ['target', 'add', target])
}

function buildByZig() {
  const tools = join(root, 'target/zig')
  const bin = join(tools, 'bin')
  if (!existsSync(join(bin, 'cargo-zigbuild'))) {
    run('python3', ['-m', 'venv', tools])
    run(join(bin, 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...ZIG])
  }
  const isMusl = target.endsWith('-musl')
  run('cargo', ['zigbuild', '--release', '--lib', '--target', isMusl ? target : `${target}.${GLIBC}`], {
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    // A shared library for musl must not bring a C library of its own.
    ...(isMusl && { RUSTFLAGS: `${process.env.RUSTFLAGS ?? ''} -C target-feature=-crt-static` }),
  })
  copyFileSync(join(root, 'target', target, 'release/libsession_ingress.so'), join(root, BY_ZIG[target]))
}

/** @param {string} command @param {string[]} parameters @param {Record<string, string>} [env] */
function run(command, parameters, env) {
  const options = { cwd: root, env: { ...process.env, ...env }, shell, stdio: /** @type {const} */ ('inherit') }
  const { status } = spawnSync(command, parameters, options)
  if (status !== 0) process.exit(status ?? 1)
}
