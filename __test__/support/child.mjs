// Programs of __test__/fixtures in processes and workers of their own.

import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import './binary.mjs'

const pathOf = (/** @type {string} */ name) => fileURLToPath(new URL(`../fixtures/${name}.cjs`, import.meta.url))

/**
 * @typedef {object} Options
 * @property {NodeJS.ProcessEnv} [env]
 * @property {string[]} [command] what starts Node, where it is not started by itself
 * @property {number} [timeout] a program that takes longer than so many milliseconds is killed, which its end then shows
 */

/**
 * Starts a program.
 *
 * @param {string} name
 * @param {Record<string, unknown>} [given] what it finds as `given`
 * @param {Options} [options]
 */
export function startProgram(name, given = {}, { env = process.env, command = [], timeout = 120_000 } = {}) {
  const [file, ...args] = [...command, process.execPath, pathOf(name), JSON.stringify(given)]
  // The last is for `interrupt`.
  const stdio = /** @type {any} */ (['ignore', 'pipe', 'pipe', ...(hasSignals ? [] : ['ipc'])])
  const child = spawn(file, args, { env, stdio, timeout, killSignal: 'SIGKILL' })
  const exit = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
  const ended = Promise.all([text(child.stdout), text(child.stderr), exit])
  return { child, ended: ended.then(([stdout, stderr, { code, signal }]) => ({ stdout, stderr, code, signal })) }
}

const hasSignals = process.platform !== 'win32'

/**
 * Sends a signal to a program that handles it. Windows has none: there the program is told to behave as if it came.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
export function interrupt(child, signal) {
  if (hasSignals) child.kill(signal)
  else child.send(signal)
}

/**
 * Runs a program to its end.
 *
 * @param {string} name
 * @param {Record<string, unknown>} [given]
 * @param {Options} [options]
 */
export function runProgram(name, given, options) {
  return startProgram(name, given, options).ended
}

/** Starts a worker that does one thing, as fixtures/worker.cjs knows it. @param {Record<string, unknown>} given @param {NodeJS.ProcessEnv} [env] */
export function startWorker(given, env = process.env) {
  return new Worker(pathOf('worker'), { workerData: given, env })
}
