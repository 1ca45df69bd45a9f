// The package and its testing kit under every test runner, from the packed tarball: `npm run test:runners`, which
// installs the runners. A runner that does not end by itself is ended, and fails the test.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { before, test } from 'node:test'
import { bin, folder } from '../../tools/scripts/runners.mjs'
import { runtimes } from '../../tools/scripts/runtimes.mjs'
import { installTarball } from '../support/package.mjs'

const project = join(folder, 'project')
/** The commands by their names, with one Node for all. */
const PATH = [bin, ...['node-24', 'bun', 'deno'].map((name) => dirname(runtimes[name])), process.env.PATH].join(
  delimiter,
)

before(async () => {
  await rm(project, { recursive: true, force: true })
  await mkdir(project, { recursive: true })
  await installTarball(project)
})

/** @param {string} command @param {string} cwd */
function run(command, cwd) {
  // Else an inner runner would speak to the outer one, and load another build than the packed one.
  const { NODE_TEST_CONTEXT, NAPI_RS_NATIVE_LIBRARY_PATH, ...env } = process.env
  const options = { cwd, env: { ...env, PATH, NO_COLOR: '1', CI: '1' }, timeout: 60_000 }
  return new Promise((resolve, reject) => {
    const [file, ...parameters] = command.split(' ')
    execFile(file, parameters, { ...options, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      const output = `${stdout}${stderr}`
      if (error) reject(new Error(`${command}: ${error.signal ?? error.code}\n${output}`))
      else resolve(output)
    })
  })
}

/** A folder of a runner, with these files. @param {string} name @param {Record<string, string>} files */
async function createProject(name, files) {
  const cwd = join(project, name.replace(/\W/g, '-'))
  await mkdir(cwd, { recursive: true })
  for (const [file, text] of Object.entries({ 'package.json': '{ "private": true }', ...files })) {
    await writeFile(join(cwd, file), text)
  }
  return cwd
}

/** @param {string} name */
const read = (name) => readFile(new URL(name, import.meta.url), 'utf8')

/** A module of this folder as CommonJS, for Jest. @param {string} text */
const toCommonJs = (text) =>
  text
    .replace(/^import (\w+) from ('[^']+')$/gm, 'const $1 = require($2)')
    .replace(/^import (\{[^}]+\}) from ('[^']+)\.mjs'$/gm, "const $1 = require($2.js')")
    .replace(/^import (\{[^}]+\}) from ('[^']+')$/gm, 'const $1 = require($2)')

/** Tests and what they import of their runner, as ES modules or as CommonJS. @param {string} name @param {string} tests @param {string} runner @param {boolean} [isCommonJs] @returns {Record<string, string>} */
function modules(name, tests, runner, isCommonJs = false) {
  return isCommonJs
    ? { [`${name}.test.js`]: toCommonJs(tests), 'runner.js': runner }
    : { [`${name}.test.mjs`]: tests, 'runner.mjs': runner }
}

/**
 * How each runner is called, how it runs a test, and how it says that the tests passed.
 *
 * @type {Record<string, { test: string, command: string, passed: RegExp, isCommonJs?: boolean }>}
 */
const RUNNERS = {
  'node:test': {
    test: `export { test } from 'node:test'`,
    command: 'node --test host.test.mjs',
    passed: /^ℹ pass 5$/m,
  },
  Jest: {
    test: 'exports.test = test',
    command: 'jest',
    passed: /^Tests: +5 passed, 5 total$/m,
    isCommonJs: true,
  },
  'Jest with ES modules': {
    test: 'export const test = globalThis.test',
    command:
      'node --experimental-vm-modules --no-warnings ../../node_modules/jest/bin/jest.js --testMatch **/*.test.mjs',
    passed: /^Tests: +5 passed, 5 total$/m,
  },
  ...Object.fromEntries(
    ['forks', 'threads', 'vmThreads', 'vmForks'].map((pool) => [
      `Vitest with ${pool}`,
      { test: `export { test } from 'vitest'`, command: `vitest run --pool=${pool}`, passed: /^ *Tests +5 passed/m },
    ]),
  ),
  mocha: {
    test: 'export const test = globalThis.it',
    command: 'mocha host.test.mjs',
    passed: /^ +5 passing/m,
  },
  AVA: {
    test: `import ava from 'ava'
      export const test = (name, work) => ava.serial(name, (t) => work().then(() => t.pass()))`,
    command: 'ava host.test.mjs',
    passed: /^ +5 tests passed$/m,
  },
  'bun test': {
    test: `export { test } from 'bun:test'`,
    command: 'bun test ./host.test.mjs',
    passed: /^ 5 pass$/m,
  },
  'deno test': {
    test: 'export const test = Deno.test',
    command: 'deno test --no-check --no-prompt --allow-ffi --allow-env --allow-read --allow-net host.test.mjs',
    passed: /^ok \| 5 passed \| 0 failed/m,
  },
}

for (const [name, runner] of Object.entries(RUNNERS)) {
  test(`the tests of a host pass under ${name}, which then ends`, async () => {
    const tests = await read('host-tests.mjs')
    const cwd = await createProject(name, modules('host', tests, runner.test, runner.isCommonJs))
    const output = await run(runner.command, cwd)
    assert.match(output, runner.passed)
    assert.doesNotMatch(output, /did not exit|open handle|failed to exit|close timed out|leak/i)
  })
}

const vitest = `export { afterEach, beforeEach, expect, test, vi as runner } from 'vitest'
  export const load = () => import('session-ingress')`
/** @param {string} pool */
const ofVitest = (pool) => ({ test: vitest, command: `vitest run --pool=${pool} --disable-console-intercept` })

for (const [name, { test: adapter, command }] of Object.entries({
  Jest: {
    test: `Object.assign(exports, { afterEach, beforeEach, expect, test, runner: jest })
      exports.load = async () => require('session-ingress')`,
    command: 'jest',
  },
  'Vitest with forks': ofVitest('forks'),
  'Vitest with threads': ofVitest('threads'),
  'Vitest with vmThreads': ofVitest('vmThreads'),
  'Vitest with vmForks': ofVitest('vmForks'),
})) {
  test(`under ${name} all matchers hold, and fake timers, module resets and process.env are as docs/testing.md says`, async () => {
    const tests = await read('realm-tests.mjs')
    const cwd = await createProject(`matchers ${name}`, modules('matchers', tests, adapter, name === 'Jest'))
    const output = await run(command, cwd)
    assert.match(output, /^failing: \.$/m)
    assert.match(output, /^process\.env is seen\.$/m)
  })
}

/** Tests of a host of which one leaves an append behind. */
const LOADS = `const ingress = require('session-ingress')
  const { startIngressServer } = require('session-ingress/testing')
  test('loads', () => expect(ingress.sessionStats().pending).toBe(0))
  test('sends', async () => {
    const server = await startIngressServer()
    ingress.configure({ getSessionIngressAuthToken: () => 'token', proxy: null, logForDebugging: () => server })
    expect(await ingress.appendSessionLog('s', { uuid: 'a' }, server.logUrl('s'))).toBe(true)
    expect(await ingress.createSessionIngress().flush()).toBe(true)
    await server.close()
  })`

test('Jest with --detectOpenHandles names nothing of the package', async () => {
  const output = await run('jest --detectOpenHandles', await createProject('open-handles', { 'a.test.js': LOADS }))
  assert.doesNotMatch(output, /●|open handle/)
})

test('Jest with --detectLeaks finds nothing of a test file that is kept after its end', async () => {
  // Without a server: Jest takes the sockets of Node's own for leaks.
  const text = `const ingress = require('session-ingress')
    test('sends', async () => {
      const told = []
      const logError = (error) => told.push(error)
      const getSessionIngressAuthToken = () => 'token'
      ingress.configure({ getSessionIngressAuthToken, logError, proxy: null, retry: { maxAttempts: 1 } })
      expect(await ingress.appendSessionLog('s', { uuid: 'a' }, 'http://127.0.0.1:9')).toBe(false)
      expect(told[0]).toBeInstanceOf(Error)
      expect(await ingress.createSessionIngress({ logError }).flush()).toBe(true)
    })`
  const cwd = await createProject('leaks', { 'a.test.js': text, 'b.test.js': text, 'c.test.js': text })
  assert.match(await run('jest --detectLeaks --runInBand', cwd), /^Tests: +3 passed, 3 total$/m)
})

/** A test that sends something only where another has configured a token before. */
const SENDS = `test('sends', async () => {
  const server = await startIngressServer()
  ingress.configure({ proxy: null })
  await ingress.appendSessionLog('s', { uuid: 'a' }, server.logUrl('s'))
  process.stdout.write('\\nrequests: ' + server.requests.length + '\\n')
  ingress.configure({ getSessionIngressAuthToken: () => 'token' })
  await server.close()
})`
const REQUIRES = `const ingress = require('session-ingress')
  const { startIngressServer } = require('session-ingress/testing')`
const IMPORTS = `import * as ingress from 'session-ingress'
  import { startIngressServer } from 'session-ingress/testing'
  import { test } from 'vitest'`

for (const [name, head, extension, command] of [
  ['Jest', REQUIRES, 'js', 'jest --runInBand'],
  ['Vitest with vmThreads', IMPORTS, 'mjs', 'vitest run --pool=vmThreads --maxWorkers=1 --disable-console-intercept'],
  ['Vitest with vmForks', IMPORTS, 'mjs', 'vitest run --pool=vmForks --maxWorkers=1 --disable-console-intercept'],
]) {
  test(`what one test file has configured is not there in the next under ${name}`, async () => {
    const text = `${head}\n${SENDS}`
    const files = { [`a.test.${extension}`]: text, [`b.test.${extension}`]: text }
    const output = await run(command, await createProject(`two files ${name}`, files))
    assert.deepEqual(output.match(/^requests: \d$/gm), ['requests: 0', 'requests: 0'])
  })
}

test('nock, msw and fake timers of node:test do nothing to the addon', async () => {
  const cwd = await createProject('interceptors', { 'interceptor.test.mjs': await read('interceptor-tests.mjs') })
  assert.match(await run('node --test interceptor.test.mjs', cwd), /^ℹ pass 3$/m)
})

const page = await readFile(new URL('../../docs/testing.md', import.meta.url), 'utf8')

/** The first block of this language in a part of the page. @param {string} part @param {string} language */
function shown(part, language) {
  const [, text] = new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(part) ?? []
  assert.ok(text, `there is no ${language} in:\n${part}`)
  return text
}

test('the first example of docs/testing.md gives what its comments say', async () => {
  const lines = shown(page, 'js').split('\n')
  const checked = lines.map((line) => {
    const [, expression, value] =
      /^(?:await )?((?:appendSessionLog|server)\S*\(.*\)) \/\/ (true|\[[^:]*\]|\[\{.*\])(?=:|$)/.exec(line) ?? []
    return value === undefined ? line : `assert.deepEqual(await ${expression}, ${value})`
  })
  assert.equal(checked.filter((line) => line.startsWith('assert')).length, 3)
  const script = `import assert from 'node:assert/strict'\n${checked.join('\n')}`
  await run('node example.mjs', await createProject('page-example', { 'example.mjs': script }))
})

for (const [heading, passed] of /** @type {const} */ ([
  ['node:test', /^ℹ pass 1$/m],
  ['Vitest', /^ *Tests +1 passed/m],
  ['Jest', /^Tests: +1 passed, 1 total$/m],
  ['mocha', /^ +1 passing/m],
])) {
  test(`the example of docs/testing.md for ${heading} passes by the command that it shows`, async () => {
    const [, part] = page.split(`\n### ${heading}\n`)
    const text = shown(part, 'js')
    const [, file] = /^\/\/ (\S+)$/m.exec(text) ?? []
    const cwd = await createProject(`page ${heading}`, { [file]: text })
    assert.match(await run(shown(part, 'sh').trim().replace(/^npx /, ''), cwd), passed)
  })
}
