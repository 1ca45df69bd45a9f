// The main job of the installed package (__test__/fixtures/main-job.mjs) on a runtime of a machine, under faults.

import { readFileSync } from 'node:fs'
import { startIngressServer } from '../../lib/testing/server.js'
import { kept } from './folders.mjs'
import { runIn } from './machines/namespace.mjs'

/** One that does not end by itself is ended, and fails. */
const LIMIT_MS = 5 * 60_000

/**
 * Whether it does, and ends by itself.
 *
 * @param {import('./machines/namespace.mjs').Machine} machine
 * @param {string} name of the platform
 * @param {string} runtime
 * @param {string[]} command
 */
export async function runMainJob(machine, name, runtime, command) {
  const server = await startIngressServer()
  // Before and after storing, a cut connection and a status.
  const next = /** @type {const} */ ({ method: 'PUT', times: 1 })
  server.faults.reset(next)
  server.faults.reset({ ...next, stored: true })
  server.faults.status(503, next)
  server.faults.status(500, { ...next, stored: true })
  const log = kept('logs', name, `main-job-${runtime.replaceAll(' ', '-')}`)
  const started = performance.now()
  const env = { NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1', CLAUDE_CODE_SESSION_ACCESS_TOKEN: 'token' }
  try {
    const options = { log, cwd: '/host', env, timeout: LIMIT_MS }
    const { code, signal } = await runIn(machine, [...command, 'main-job.mjs', server.url], options)
    const isDone = code === 0 && readFileSync(log, 'utf8').trim() === 'done'
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    const how = isDone ? `done in ${seconds} s` : `FAILED (${signal ?? code}): see ${log}.err`
    console.log(`  ${name} main job on ${runtime}: ${how}`)
    return isDone
  } finally {
    await server.close()
  }
}
