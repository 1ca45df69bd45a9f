// A process that is stopped for longer than its limits, as on a laptop that is closed: specification.md, section 8.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startProgram } from './support/child.mjs'
import { serve } from './support/server.mjs'

const skip = process.platform === 'win32' && 'a process cannot be stopped'

/** Longer than what is responded takes, and shorter than the stop. */
const LIMIT = 1000

/** Stops a process, and returns when it stands still. @param {import('node:child_process').ChildProcess} child */
async function stop(child) {
  child.kill('SIGSTOP')
  while (!stateOf(child.pid).startsWith('T')) await sleep(1)
}

/** As `ps` shows it; that of a small Linux system knows no single process. @param {number | undefined} pid */
function stateOf(pid) {
  if (process.platform === 'linux') return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1) ?? ''
  return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
}

/**
 * Runs a program whose request stops it; it goes on when its limit has run out, and the response is in its socket.
 *
 * @param {import('node:test').TestContext} t
 * @param {string} what
 * @param {(response: import('node:http').ServerResponse, stop: () => Promise<void>) => Promise<void>} respond
 */
async function runStopped(t, what, respond) {
  const server = await serve(t, async (_request, response) => {
    await respond(response, () => stop(program.child))
    await sleep(LIMIT * 1.5)
    program.child.kill('SIGCONT')
  })
  const timeouts = { appendMs: LIMIT, fetchMs: LIMIT }
  const program = startProgram('one-call', { url: server.url, what, configure: { timeouts } })
  const { stdout, stderr } = await program.ended
  assert.equal(stderr, '')
  return { ...JSON.parse(stdout), requests: server.requests.length }
}

test('an append whose response came while the process was stopped is stored at its first attempt', {
  skip,
}, async (t) => {
  const { result, told, requests } = await runStopped(t, 'append', async (response, stop) => {
    await stop()
    response.writeHead(201).end()
  })
  assert.deepEqual([result, told, requests], [true, [], 1])
})

test('a read whose response came while the process was stopped has its result', { skip }, async (t) => {
  const { result, told, requests } = await runStopped(t, 'read', async (response, stop) => {
    await stop()
    response.end('{"loglines":[1]}')
  })
  assert.deepEqual([result, told, requests], [[1], [], 1])
})

test('a read whose body came while the process was stopped has its result', { skip }, async (t) => {
  const { result, told, requests } = await runStopped(t, 'read', async (response, stop) => {
    await new Promise((written) => response.write('{"loglines":[1', written))
    await stop()
    response.write(`,${'2,'.repeat(100_000)}`)
    response.end('3]}')
  })
  assert.deepEqual([result.length, told, requests], [100_002, [], 1])
})
