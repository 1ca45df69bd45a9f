// Scripts in processes of their own.

import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import './binary.mjs'

const ADDON = fileURLToPath(new URL('../../index.js', import.meta.url))

/**
 * Starts a CommonJS script that has `addon`, its path as `ADDON` and the given values as variables.
 *
 * @param {string} script
 * @param {Record<string, unknown>} [values]
 * @param {{ env?: NodeJS.ProcessEnv, command?: string[], load?: boolean, timeout?: number }} [options] `command` is what starts Node,
 *   where it is not started by itself; without `load` there is no `addon`; one that takes longer than
 *   `timeout` milliseconds is killed, which its end then shows
 */
export function startScript(
  script,
  values = {},
  { env = process.env, command = [], load = true, timeout = 120_000 } = {},
) {
  const variables = Object.entries({ ADDON, ...values }).map(
    ([name, value]) => `const ${name} = ${JSON.stringify(value)}`,
  )
  const source = [...variables, load ? 'const addon = require(ADDON)' : '', script].join('\n')
  const [file, ...args] = [...command, process.execPath, '-e', source]
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout, killSignal: 'SIGKILL' })
  const exit = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
  const ended = Promise.all([text(child.stdout), text(child.stderr), exit])
  return { child, ended: ended.then(([stdout, stderr, { code, signal }]) => ({ stdout, stderr, code, signal })) }
}

/**
 * Runs such a script to its end.
 *
 * @param {string} script
 * @param {Record<string, unknown>} [values]
 * @param {{ env?: NodeJS.ProcessEnv, command?: string[], load?: boolean, timeout?: number }} [options]
 */
export function runScript(script, values, options) {
  return startScript(script, values, options).ended
}
