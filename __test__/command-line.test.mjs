// `npx session-ingress`.

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runProgram } from './support/child.mjs'
import { createOutage } from './support/outbox.mjs'
import { createFolder } from './support/package.mjs'

const CLI = fileURLToPath(new URL('../lib/cli/index.js', import.meta.url))

/** @param {...string} parameters @returns {Promise<{ code: unknown, stdout: string, stderr: string }>} */
function run(...parameters) {
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...parameters], { timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? error?.signal ?? 0, stdout, stderr }),
    )
  })
}

/** @param {import('node:test').TestContext} t @param {...string} parameters */
async function serve(t, ...parameters) {
  const child = spawn(process.execPath, [CLI, 'serve', ...parameters], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill())
  const [line] = await once(createInterface(child.stdout), 'line')
  return { line, url: `${/http:\S+(?=,)/.exec(line)}/v1/session_ingress/session/s` }
}

test('session-ingress serve keeps logs in memory, and with --dir in a folder, and says so', async (t) => {
  const dir = createFolder(t)
  assert.match((await serve(t)).line, /^session-ingress serves on http:\/\/127\.0\.0\.1:\d+, logs in memory$/)
  const { line, url } = await serve(t, '--dir', dir, '--port', '0', '--token', 'right')
  assert.ok(line.endsWith(`, logs in ${dir}`))
  const put = { method: 'PUT', body: '{"uuid":"a"}' }
  assert.equal((await fetch(url, { ...put, headers: { authorization: 'Bearer wrong' } })).status, 401)
  assert.equal((await fetch(url, { ...put, headers: { authorization: 'Bearer right' } })).status, 201)
})

test('session-ingress --help shows each option, and without a command it does so and fails', async () => {
  const { code, stdout } = await run('--help')
  assert.equal(code, 0)
  for (const option of ['--dir', '--port', '--host', '--token']) assert.ok(stdout.includes(option))
  assert.deepEqual(await run(), { code: 2, stdout: '', stderr: stdout })
})

test('session-ingress names what is wrong in its command line', async () => {
  for (const [parameters, message] of /** @type {[string[], RegExp][]} */ ([
    [['sevre'], /^There is no command 'sevre'/],
    [['serve', '--prot', '1'], /^Unknown option '--prot'/],
    [['serve', '--dir'], /--dir.* argument missing/],
    [['serve', '--dir', ''], /^--dir must name a folder/],
    [['serve', '--port', 'x'], /^--port must be an integer from 0 to 65535, not 'x'/],
    [['serve', '--port', '65536'], /not '65536'/],
    [['serve', 'logs'], /^serve takes options only, and not 'logs'/],
    [['outbox'], /^outbox needs --dir DIR/],
    [['outbox', '--dir', '.', 'show'], /^outbox can list, discard and requeue, and not 'show'/],
    [['outbox', '--dir', '.', 'discard'], /^outbox discard takes the id of one session/],
    [['outbox', '--dir', '.', 'list', 's'], /^outbox list takes no id/],
  ])) {
    const { code, stdout, stderr } = await run(...parameters)
    assert.deepEqual([code, stdout], [2, ''])
    assert.match(stderr, message)
    assert.match(stderr, /\nTry: session-ingress --help\n$/)
  }
})

test('session-ingress says why it cannot serve', async (t) => {
  const dir = createFolder(t)
  await writeFile(join(dir, 'file'), '')
  const noFolder = await run('serve', '--dir', join(dir, 'file'))
  assert.equal(noFolder.code, 1)
  assert.match(noFolder.stderr, /^The folder .*file cannot be used: EEXIST.*\n$/)
  const { line } = await serve(t)
  const taken = await run('serve', '--port', /:(\d+),/.exec(line)?.[1] ?? '')
  assert.equal(taken.code, 1)
  assert.match(taken.stderr, /^The server cannot listen on 127\.0\.0\.1, port \d+: .*EADDRINUSE.*\n$/)
})

test('session-ingress outbox lists what waits in a folder, and gives it up', async (t) => {
  const outage = await createOutage(t)
  await runProgram('outbox-host', { dir: outage.dir, url: outage.logUrl('s'), uuids: ['a', 'b'], ends: 'exit' })
  const outbox = (/** @type {string[]} */ ...parameters) => run('outbox', '--dir', outage.dir, ...parameters)
  const { stdout, code } = await outbox()
  assert.equal(code, 0)
  for (const shown of ["'s'", "'waiting'", '2']) assert.ok(stdout.includes(shown), stdout)
  assert.deepEqual(await outbox('requeue', 's'), { code: 0, stdout: '0 entries of s are tried again\n', stderr: '' })
  assert.deepEqual(await outbox('discard', 's'), { code: 0, stdout: '2 entries of s were given up\n', stderr: '' })
  assert.equal((await outbox('list')).stdout, 'Nothing waits\n')
})

test('session-ingress outbox names a folder that is not there', async (t) => {
  const { code, stderr } = await run('outbox', '--dir', join(createFolder(t), 'none'))
  assert.equal(code, 1)
  assert.match(stderr, /^The folder .*none cannot be used: ENOENT/)
})
