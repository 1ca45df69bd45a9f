// The package on every runtime: `npm run test:runtimes`, which installs them.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startIngressServer } from 'session-ingress/testing'
import { NODE_VERSIONS, runtimes } from '../../tools/scripts/runtimes.mjs'
import { addAppendFaults } from '../support/append-faults.mjs'
import { createFolder, installTarball } from '../support/package.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
// A runtime that does not end by itself is ended, and fails the test.
const LIMITS = { timeout: 60_000, killSignal: /** @type {const} */ ('SIGKILL') }

/** @param {string} file @param {string[]} parameters @param {import('node:child_process').ExecFileOptions} [options] */
function runWhole(file, parameters, options) {
  return promisify(execFile)(file, parameters, { ...LIMITS, ...options, encoding: 'utf8' })
}

/** What it prints. @type {(...parameters: Parameters<typeof runWhole>) => Promise<string>} */
const run = async (...parameters) => (await runWhole(...parameters)).stdout

/** @param {import('node:test').TestContext} t */
async function startServer(t) {
  const { url, faults, close } = await startIngressServer()
  t.after(close)
  const local = { NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' }
  const env = { ...process.env, ...local, INGRESS_URL: url, CLAUDE_CODE_SESSION_ACCESS_TOKEN: 'token' }
  return { url, faults, env }
}

/** A host with an outbox that appends one entry, and does or does not wait for it. */
const OUTBOX = `
import { appendSessionLog, configure } from 'session-ingress'
const [url, dir, uuid, exits] = process.argv.slice(2)
configure({ getSessionIngressAuthToken: () => 'token', retry: { maxAttempts: 1 }, outbox: { dir } })
const appended = appendSessionLog('s', { uuid }, url)
if (exits) process.exit(0)
console.log(await appended)
`

describe('the test-suite', () => {
  for (const version of NODE_VERSIONS) {
    test(`the test-suite passes on Node ${version}`, async (t) => {
      const tests = (await readdir(join(ROOT, '__test__'))).filter((name) => name.endsWith('.test.mjs'))
      // Else the inner runner would speak to the outer one.
      const { NODE_TEST_CONTEXT, ...env } = process.env
      const node = runtimes[`node-${version}`]
      const parameters = ['--test', ...tests.map((name) => join('__test__', name))]
      const options = { cwd: ROOT, env, timeout: 900_000, maxBuffer: 1 << 28 }
      const report = await run(node, parameters, options).catch(({ stdout }) => stdout)
      assert.deepEqual(report.match(/^(?:not ok|✖) .*$/gm), null)
      const [, passed] = /^(?:#|ℹ) pass (\d+)$/m.exec(report) ?? []
      t.diagnostic(`${await run(node, ['--version'])}: ${passed} tests passed`)
      assert.ok(Number(passed) > 0)
    })
  }
})

describe('the installed tarball', () => {
  const dir = createFolder({ after })
  before(async () => {
    await installTarball(dir)
    await copyFile(new URL('../fixtures/main-job.mjs', import.meta.url), join(dir, 'main-job.mjs'))
    await writeFile(join(dir, 'outbox.mjs'), OUTBOX)
  })

  /** What each runtime is told besides the script. @type {Record<string, string[]>} */
  const flags = { deno: ['run', '--no-prompt', '--allow-env', '--allow-ffi', '--allow-read'] }
  for (const [name, file] of Object.entries(runtimes)) {
    for (const has of ['no outbox', 'an outbox']) {
      test(`the installed tarball does its main job with ${has} on ${name}, and lets it end`, async (t) => {
        const { url, faults, env } = await startServer(t)
        addAppendFaults(faults)
        const outbox = has === 'an outbox' ? { OUTBOX: join(createFolder(t), 'outbox') } : {}
        const options = { cwd: dir, env: { ...env, ...outbox } }
        assert.equal(await run(file, [...(flags[name] ?? []), 'main-job.mjs', url], options), 'done\n')
      })
    }

    test(`an entry of the installed tarball's outbox outlives process.exit on ${name}`, async (t) => {
      const server = await startIngressServer()
      t.after(() => server.close())
      const outbox = join(createFolder(t), 'outbox')
      const host = (/** @type {string[]} */ ...parameters) =>
        run(file, [...(flags[name] ?? []), 'outbox.mjs', ...parameters], { cwd: dir })
      // Nobody listens at port 9.
      const nowhere = server.logUrl('s').replace(/:\d+/, ':9')
      await host(nowhere, outbox, 'first', 'exits')
      assert.equal(await host(server.logUrl('s'), outbox, 'second'), 'true\n')
      assert.deepEqual(
        server.log('s').map(({ uuid }) => uuid),
        ['first', 'second'],
      )
    })

    test(`the installed tarball shows what it does where NODE_DEBUG asks for it on ${name}`, async (t) => {
      const { url, env } = await startServer(t)
      const options = { cwd: dir, env: { ...env, NODE_DEBUG: 'session-ingress' } }
      const { stderr } = await runWhole(file, [...(flags[name] ?? []), 'main-job.mjs', url], options)
      assert.match(stderr, /^SESSION-INGRESS \d+: Appended main-0$/m)
      assert.match(stderr, /^SESSION-INGRESS \d+: Appended worker-0$/m)
    })
  }
})
