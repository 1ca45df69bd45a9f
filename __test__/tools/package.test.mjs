// The package as npm installs it: what is in the tarball, and how it loads.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import {
  createFolder,
  environment,
  installTarball,
  noPermissions,
  PERMISSION,
  PRINT_ERROR,
  runIn,
} from '../support/package.mjs'
import { serve } from '../support/server.mjs'

const ROOT = new URL('../../', import.meta.url)

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
      'lib/first-use.js',
      'lib/tracing.js',
    ]
    const testing = (await readdir(new URL('lib/testing/', ROOT))).map((name) => `lib/testing/${name}`)
    const entries = ['index.js', 'index.mjs', 'index.d.ts', 'index.d.mts']
    const binaries = files.filter((file) => file.endsWith('.node'))
    assert.equal(binaries.length, 1)
    const read = files.filter((file) => /^(docs|examples)\/|^(CHANGELOG|SECURITY)\.md$/.test(file))
    assert.deepEqual(
      files.sort(),
      [
        ...known,
        ...loaded,
        ...['errors', 'index', 'outbox', 'serve'].map((name) => `lib/cli/${name}.js`),
        ...testing,
        ...entries,
        ...binaries,
        ...read,
      ].sort(),
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
