// What the package says where it cannot load a binary, and which one it takes where there are several.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createFolder, installTarball, noPermissions, PERMISSION, PRINT_ERROR, runIn } from '../support/package.mjs'

const ROOT = new URL('../../', import.meta.url)

describe('without the binary beside it', () => {
  const dir = createFolder({ after })
  const installed = join(dir, 'node_modules/session-ingress')
  /** @type {string} */
  let file
  /** @type {string} */
  let platform
  before(async () => {
    await installTarball(dir)
    file = (await readdir(installed)).find((name) => name.endsWith('.node')) ?? ''
    platform = /\.([\w-]+)\.node$/.exec(file)?.[1] ?? ''
    await rename(join(installed, file), join(dir, file))
  })

  test('without its binary the package throws one error that names the platform, what was looked for, and what to do', async () => {
    const byRequire = `try { require('session-ingress') } catch (error) { console.log(error.message) }`
    const byImport = `await import('session-ingress').catch((error) => console.log(error.message))`
    for (const output of [await runIn(dir, 'load.cjs', byRequire), await runIn(dir, 'load.mjs', byImport)]) {
      const lines = output.trimEnd().split('\n')
      const { node } = process.versions
      assert.deepEqual(lines.slice(0, -1), [
        `session-ingress has no native binary that it can load on ${platform} (node ${node}).`,
        'Looked for:',
        `  - Cannot find module '../${file}'`,
        `  - Cannot find module 'session-ingress-${platform}'`,
      ])
      assert.match(lines.at(-1) ?? '', /^What to do: install session-ingress again on this platform/)
    }
  })

  test('the C library is that of the process, whatever files there are', {
    skip: process.platform !== 'linux',
  }, async () => {
    const arch = process.arch
    // What is reported and, where that is silent as in Bun, what is mapped into the process.
    const silent = { header: {}, sharedObjects: [] }
    /** @type {[libc: string, report: object, maps: string][]} */
    const processes = [
      ['glibc', { header: { glibcVersionRuntime: '2.36' }, sharedObjects: [`/lib/ld-musl-${arch}.so.1`] }, ''],
      ['musl', { header: {}, sharedObjects: ['/usr/bin/node', '/lib/ld-musl-x86_64.so.1'] }, ''],
      ['glibc', silent, '7f00-7f01 r--p 00000000 08:01 17 /usr/lib/x86_64-linux-gnu/libc.so.6\n'],
      ['glibc', silent, '7f00-7f01 r--p 00000000 08:01 17 /lib/x86_64-linux-gnu/libc-2.28.so\n'],
      ['musl', silent, '7f00-7f01 r--p 00000000 08:01 17 /lib/ld-musl-x86_64.so.1\n'],
    ]
    for (const [libc, report, maps] of processes) {
      // The process is asked where files may not be looked at.
      const script = `
        Object.defineProperty(process, 'permission', { value: {} })
        process.report.getReport = () => (${JSON.stringify(report)})
        process.getBuiltinModule = () => ({ readFileSync: () => ${JSON.stringify(maps)} })
        const before = process.report.excludeNetwork
        try { require('session-ingress') } catch (error) { console.log(error.message.split('\\n').slice(0, 4).join('\\n')) }
        console.log(process.report.excludeNetwork === before)`
      const target = `linux-${arch}-${libc === 'glibc' ? 'gnu' : 'musl'}`
      assert.deepEqual((await runIn(dir, 'libc.cjs', script)).split('\n'), [
        `session-ingress has no native binary that it can load on ${target} (node ${process.versions.node}).`,
        'Looked for:',
        `  - Cannot find module '../session-ingress.${target}.node'`,
        `  - Cannot find module 'session-ingress-${target}'`,
        'true',
        '',
      ])
    }
  })

  test('a platform without binaries is told which ones there are', async () => {
    const script = `
      Object.defineProperty(process, 'platform', { value: 'linux' })
      Object.defineProperty(process, 'arch', { value: 's390x' })
      try { require('session-ingress') } catch (error) { console.log(error.message) }`
    const output = await runIn(dir, 'platform.cjs', script)
    assert.match(output, /can load on linux-s390x/)
    assert.match(output, /What to do: there are binaries for linux-x64-gnu, .*win32-arm64-msvc\. .* build one/)
  })

  describe('with the package of the platform', () => {
    const folder = () => join(dir, 'node_modules', `session-ingress-${platform}`)
    before(async () => {
      await mkdir(folder())
      await writeFile(join(folder(), 'package.json'), JSON.stringify({ main: file }))
      await rename(join(dir, file), join(folder(), file))
    })
    after(async () => {
      await rename(join(folder(), file), join(dir, file))
      await rm(folder(), { recursive: true })
    })

    test('without a binary of its own the package takes that of the platform package', async () => {
      const script = `console.log(typeof require('session-ingress').configure)`
      assert.equal(await runIn(dir, 'load.cjs', script), 'function\n')
      for (const order of [
        ['imported', 'required'],
        ['required', 'imported'],
      ]) {
        const both = `import { createRequire } from 'node:module'
        const require = createRequire(import.meta.url)
        const load = { imported: () => import('session-ingress'), required: () => require('session-ingress') }
        const [one, two] = [await load.${order[0]}(), await load.${order[1]}()]
        console.log(typeof one.configure, one.configure === two.configure)`
        assert.equal(await runIn(dir, 'both.mjs', both), 'function true\n')
      }
    })

    test('under the permission model the package of the platform must be readable, and the error says so', {
      skip: noPermissions,
    }, async () => {
      const own = ['load.cjs', 'node_modules/session-ingress/'].map((path) => `--allow-fs-read=${join(dir, path)}`)
      const flags = [PERMISSION ?? '', '--no-warnings', '--allow-addons', ...own]
      // Node 20 looks for packages without asking.
      if (Number.parseInt(process.versions.node, 10) > 20) {
        const output = await runIn(dir, 'load.cjs', PRINT_ERROR, { flags })
        assert.match(
          output,
          new RegExp(`^ERR_SESSION_INGRESS_ACCESS_DENIED .*--allow-fs-read=.* session-ingress-${platform}\\.`),
        )
      }
      const all = [...flags, `--allow-fs-read=${folder()}/`]
      assert.equal(await runIn(dir, 'load.cjs', PRINT_ERROR, { flags: all }), 'function\n')
    })
  })

  test('a binary that the system refuses is told apart from one that is not there', async () => {
    await writeFile(join(installed, file), 'no binary')
    const byRequire = `try { require('session-ingress') } catch (error) { console.log(error.message) }`
    const byImport = `await import('session-ingress').catch((error) => console.log(error.message))`
    for (const output of [await runIn(dir, 'load.cjs', byRequire), await runIn(dir, 'load.mjs', byImport)]) {
      assert.match(output, /What to do: a binary is there, but the system refuses to load it/)
    }
  })
})

test('the platforms that the error names are those that are built, each with a package for it alone', async (t) => {
  const dir = createFolder(t)
  await writeFile(join(dir, 'package.json'), await readFile(new URL('package.json', ROOT)))
  const cli = fileURLToPath(new URL('node_modules/@napi-rs/cli/cli.mjs', ROOT))
  // napi's own tool needs a newer Node than the package may be tested with.
  await promisify(execFile)('node', [cli, 'create-npm-dirs', '--cwd', dir])
  const built = await readdir(join(dir, 'npm'))
  const source = await readFile(new URL('lib/missing-binary.js', ROOT), 'utf8')
  const named = [...source.matchAll(/^ {2}'([\w-]+)',$/gm)].map(([, name]) => name)
  assert.deepEqual(named.sort(), built.sort())
  for (const name of built) {
    const { os, cpu, libc } = JSON.parse(await readFile(join(dir, 'npm', name, 'package.json'), 'utf8'))
    const [system, arch, abi] = name.split('-')
    assert.deepEqual([os, cpu], [[system], [arch]])
    assert.deepEqual(libc, system === 'linux' ? [abi === 'gnu' ? 'glibc' : abi] : undefined)
  }
})
