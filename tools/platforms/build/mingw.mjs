// The C compiler and linker for Windows' GNU interface, which stands in for Microsoft's: that one's libraries cannot be had
// here. From Debian 12, unpacked and not installed.

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kept } from '../folders.mjs'
import { unpack } from '../install/debian.mjs'
import { folderNeed } from '../install/needs.mjs'
import { run } from '../run-program.mjs'

const COMPILER = ['gcc-mingw-w64-x86-64-posix', 'gcc-mingw-w64-x86-64-posix-runtime', 'gcc-mingw-w64-base']
const BINUTILS = ['binutils-mingw-w64-x86-64', 'mingw-w64-x86-64-dev', 'mingw-w64-common']
const LIBRARIES = ['libisl23', 'libmpc3', 'libmpfr6', 'libgmp10']
const PREFIX = 'x86_64-w64-mingw32-'

const folder = kept('mingw')
const bin = join(folder, 'bin')
const libnode = join(folder, 'libnode')

export const mingwNeed = folderNeed('the mingw compiler for Windows', 50, folder, () => {
  unpack('bookworm', [...COMPILER, ...BINUTILS, ...LIBRARIES], folder)
  mkdirSync(bin, { recursive: true })
  for (const [name, program] of Object.entries({ gcc: 'gcc-posix', ar: 'ar', dlltool: 'dlltool' })) {
    const command = `exec '${folder}/usr/bin/${PREFIX}${program}' "$@"`
    writeFileSync(
      join(bin, PREFIX + name),
      `#!/bin/sh\nLD_LIBRARY_PATH='${folder}/usr/lib/x86_64-linux-gnu' ${command}\n`,
    )
    chmodSync(join(bin, PREFIX + name), 0o755)
  }
  // napi-build looks for it where the interface is GNU's. The addon finds Node's functions when it is loaded.
  mkdirSync(libnode)
  const empty = join(folder, 'empty.c')
  writeFileSync(empty, '')
  run(join(bin, `${PREFIX}gcc`), ['-shared', '-o', join(libnode, 'libnode.dll'), empty])
})

/** What cargo needs to link by it. */
export const mingw = { path: bin, variables: { LIBNODE_PATH: libnode } }
