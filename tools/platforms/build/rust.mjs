// Rust of Debian 12 (`rustc-web`, which follows the stable releases) with the sources of its standard library: these build
// for any target, where rustup cannot be asked for a standard library that is built already.

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kept } from '../folders.mjs'
import { unpack } from '../install/debian.mjs'
import { folderNeed } from '../install/needs.mjs'

const PACKAGES = ['rustc-web', 'cargo-web', 'rust-web-src', 'libstd-rust-web-1.96', 'libstd-rust-web-dev']
const LIBRARIES = ['libllvm22', 'libz3-4', 'libgit2-1.5', 'libmbedtls14', 'libmbedx509-1', 'libmbedcrypto7']
const OF_HTTP = ['libhttp-parser2.9']

const folder = kept('rust')
const bin = join(folder, 'bin')

export const rustNeed = folderNeed("Debian's Rust, with the sources of its standard library", 154, folder, () => {
  unpack('bookworm', [...PACKAGES, ...LIBRARIES, ...OF_HTTP], folder)
  mkdirSync(bin)
  // It has no way to be told of another place for its libraries.
  const libraries = join(folder, 'usr/lib/x86_64-linux-gnu')
  writeProgram('cargo', `LD_LIBRARY_PATH='${libraries}' exec '${folder}/usr/bin/cargo' "$@"`)
  // For macOS it wants this to strip; zig has stripped already.
  writeProgram('rust-objcopy', 'exit 0')
  writeProgram('rustc', `LD_LIBRARY_PATH='${libraries}' exec '${folder}/usr/bin/rustc' "$@"`)
})

/** @param {string} name @param {string} command */
function writeProgram(name, command) {
  const file = join(bin, name)
  writeFileSync(file, `#!/bin/sh\n${command}\n`)
  chmodSync(file, 0o755)
}

/** What cargo needs to build by it, with the standard library too. */
export const rust = {
  path: bin,
  variables: { RUSTC_BOOTSTRAP: '1', RUSTC: join(bin, 'rustc'), CARGO: join(bin, 'cargo') },
  parameters: ['-Z', 'build-std=std,panic_abort'],
}
