// zig as C compiler and linker: it links against any version of glibc, against musl, and against stubs of macOS's
// libraries, whatever the machine has.

import { delimiter } from 'node:path'
import { findZig, zigPrograms } from '../install/python.mjs'

// What the oldest supported systems have: Debian 10, RHEL 8, Ubuntu 18.10, Amazon Linux 2023.
const GLIBC = '2.28'

/** What cargo is told and given to build a target by it. @param {string} target */
export function zig(target) {
  return {
    program: 'cargo-zigbuild',
    subcommand: 'zigbuild',
    target: target.endsWith('-linux-gnu') ? `${target}.${GLIBC}` : target,
    variables: /** @type {Record<string, string>} */ ({
      PATH: `${zigPrograms}${delimiter}${process.env.PATH}`,
      CARGO_ZIGBUILD_ZIG_PATH: findZig(),
      // A shared library for musl must not bring a C library of its own.
      ...(target.endsWith('-musl') && { RUSTFLAGS: `${process.env.RUSTFLAGS ?? ''} -C target-feature=-crt-static` }),
    }),
  }
}
