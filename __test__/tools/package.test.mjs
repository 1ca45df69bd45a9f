// The package as npm installs it: what is in the tarball, how it loads, and what it says where it cannot.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createFolder, installTarball } from '../support/package.mjs'
import { serve } from '../support/server.mjs'

const ROOT = new URL('../../', import.meta.url)

// What is loaded here is what was installed.
const { NAPI_RS_NATIVE_LIBRARY_PATH, ...environment } = process.env

/**
 * Runs a script in a folder, as a file of that name.
 *
 * @param {string} dir
 * @param {string} name
 * @param {string} script
 * @param {{ env?: Record<string, string>, flags?: string[] }} [how]
 */
async function runIn(dir, name, script, { env = {}, flags = [] } = {}) {
  await writeFile(join(dir, name), script)
  const options = { cwd: dir, env: { ...environment, ...env } }
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, name], options)
  return stdout
}

/** Prints the code of the error that loading throws, and its advice. */
const PRINT_ERROR = `
  const print = ({ code, message }) => console.log(code, message.split('\\n').at(-1))
  try { console.log(typeof require('session-ingress').configure) } catch (error) { print(error) }`

const PERMISSION = ['--permission', '--experimental-permission'].find((flag) =>
  process.allowedNodeEnvironmentFlags.has(flag),
)
const noPermissions = PERMISSION === undefined && 'this Node has no permission model'

describe('the installed tarball', () => {
  const dir = createFolder({ after })
  /** @type {string[]} */
  let files
  before(async () => {
    files = await installTarball(dir)
  })

  test('the installed tarball holds what a user needs, and nothing of the sources', async () => {
    const known = ['LICENSE', 'README.md', 'package.json']
    const loaded = [
      'lib/binding.js',
      'lib/bundled.js',
      'lib/bundled.mjs',
      'lib/libc.js',
      'lib/missing-binary.js',
      'lib/node-debug.js',
    ]
    const testing = (await readdir(new URL('lib/testing/', ROOT))).map((name) => `lib/testing/${name}`)
    const entries = ['index.js', 'index.mjs', 'index.d.ts', 'index.d.mts']
    const binaries = files.filter((file) => file.endsWith('.node'))
    assert.equal(binaries.length, 1)
    const read = files.filter((file) => /^(docs|examples)\/|^(CHANGELOG|SECURITY)\.md$/.test(file))
    assert.deepEqual(
      files.sort(),
      [...known, ...loaded, 'lib/cli.js', ...testing, ...entries, ...binaries, ...read].sort(),
    )
  })

  test('the installed tarball holds what its documents link to, and other links name files of the repository', async () => {
    const { repository } = JSON.parse(await readFile(new URL('package.json', ROOT), 'utf8'))
    const onMain = new RegExp(`^${repository.url.replace(/^git\+|\.git$/g, '')}/(?:blob|tree)/main/`)
    const documents = files.filter((file) => file.endsWith('.md'))
    assert.ok(documents.includes('README.md') && documents.includes('docs/shipping.md'))
    for (const document of documents) {
      const text = await readFile(join(dir, 'node_modules/session-ingress', document), 'utf8')
      for (const [, link] of text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
        const path = posix.join(posix.dirname(document), link)
        if (onMain.test(link)) assert.ok(existsSync(new URL(link.replace(onMain, ''), ROOT)), `${document}: ${link}`)
        else if (!/^https?:/.test(link)) assert.ok(files.includes(path), `${document}: ${link}`)
      }
    }
  })

  test('the installed tarball has nothing that runs when it is installed', async () => {
    const { scripts } = JSON.parse(await readFile(join(dir, 'node_modules/session-ingress/package.json'), 'utf8'))
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) assert.equal(scripts[name], undefined)
  })

  test('the installed tarball loads by require', async () => {
    const script = `console.log(typeof require('session-ingress').appendSessionLog)`
    assert.equal(await runIn(dir, 'load.cjs', script), 'function\n')
  })

  test('the installed tarball loads by import, with named exports', async () => {
    const script = `import { appendSessionLog, configure } from 'session-ingress'
      console.log(typeof appendSessionLog, typeof configure)`
    assert.equal(await runIn(dir, 'load.mjs', script), 'function function\n')
  })

  test('the installed tarball has the command session-ingress', async () => {
    const options = { cwd: dir, env: environment, shell: process.platform === 'win32' }
    const { stdout } = await promisify(execFile)('npx', ['--no-install', 'session-ingress', '--help'], options)
    assert.match(stdout, /^Usage: session-ingress serve/)
  })

  test('the installed tarball appends and reads', async (t) => {
    const server = await serve(t, ({ method }) => (method === 'PUT' ? { status: 201 } : { body: { loglines: [1] } }))
    const script = `import { appendSessionLog, configure, getSessionLogs } from 'session-ingress'
      configure({ getSessionIngressAuthToken: () => 'token' })
      console.log(await appendSessionLog('s', { uuid: 'a' }, process.env.LOG))
      console.log(await getSessionLogs('s', process.env.LOG))`
    const env = { LOG: server.url, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' }
    assert.equal(await runIn(dir, 'smoke.mjs', script, { env }), 'true\n[ 1 ]\n')
  })

  test('the installed tarball loads whatever NODE_DEBUG is', async () => {
    for (const NODE_DEBUG of ['session-ingress', 'http', '*']) {
      const script = `import('session-ingress').then(({ configure }) => console.log(typeof configure))`
      assert.equal(await runIn(dir, 'load.cjs', script, { env: { NODE_DEBUG } }), 'function\n')
    }
  })

  test('the installed tarball loads in a program of --eval, whatever index.js the working folder has', async (t) => {
    const own = join(dir, 'index.js')
    await writeFile(own, `throw new Error('this is not of the package')`)
    t.after(() => rm(own))
    const script = `import('session-ingress').then(({ configure }) => console.log(typeof configure))`
    for (const flags of [[], ['--input-type=module']]) {
      const options = { cwd: dir, env: environment }
      const { stdout } = await promisify(execFile)(process.execPath, [...flags, '--eval', script], options)
      assert.equal(stdout, 'function\n')
    }
  })

  test('the entry for bundlers gives the same functions where it is not bundled', async () => {
    const script = `import * as bundled from './node_modules/session-ingress/lib/bundled.mjs'
      import * as plain from 'session-ingress'
      console.log(Object.keys(plain).every((name) => plain[name] === bundled[name]), Object.keys(bundled).length)`
    const { length } = Object.keys(await import('session-ingress'))
    assert.equal(await runIn(dir, 'load.mjs', script), `true ${length}\n`)
  })

  describe('under the permission model of Node', { skip: noPermissions }, () => {
    const read = (/** @type {string} */ path) => `--allow-fs-read=${path}`
    const flags = [PERMISSION ?? '', '--no-warnings', '--allow-addons']

    test('under the permission model the package loads where its own files alone may be read', async () => {
      const narrow = [...flags, read(join(dir, 'load.cjs')), read(join(dir, 'node_modules/session-ingress/'))]
      assert.equal(await runIn(dir, 'load.cjs', PRINT_ERROR, { flags: narrow }), 'function\n')
    })

    test('under the permission model without addons the error says which flag is missing', async () => {
      const output = await runIn(dir, 'load.cjs', PRINT_ERROR, { flags: [flags[0], flags[1], read(`${dir}/`)] })
      assert.match(output, /^ERR_SESSION_INGRESS_ADDONS_DISABLED What to do: .* with --allow-addons\.$/m)
    })
  })

  test('with --no-addons the error has a code and speaks of addons, by require and by import', async () => {
    const byImport = `import('session-ingress').catch(({ code, message }) => console.log(code, message.split('\\n').at(-1)))`
    for (const script of [PRINT_ERROR, byImport]) {
      const output = await runIn(dir, 'load.cjs', script, { flags: ['--no-addons'] })
      assert.match(output, /^ERR_SESSION_INGRESS_ADDONS_DISABLED What to do: .* Start Node without --no-addons/)
      assert.doesNotMatch(output, /glibc/)
    }
  })
})

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
    const reports = {
      glibc: { header: { glibcVersionRuntime: '2.36' }, sharedObjects: [`/lib/ld-musl-${arch}.so.1`] },
      musl: { header: {}, sharedObjects: ['/usr/bin/node', '/lib/ld-musl-x86_64.so.1'] },
    }
    for (const [libc, report] of Object.entries(reports)) {
      // The process is asked where files may not be looked at.
      const script = `
        Object.defineProperty(process, 'permission', { value: {} })
        process.report.getReport = () => (${JSON.stringify(report)})
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
