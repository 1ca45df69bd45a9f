// Programs that serve, as children of the test.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { find } from '../../../tools/scripts/network-servers.mjs'
import { listening } from '../../../tools/shared/ports.mjs'
import { createFolder } from '../../support/package.mjs'

/** What a test or a suite has. @typedef {{ after: (end: () => Promise<void>) => void }} Context */

/** A folder that the program can enter too, as whoever it runs. @param {Context} t */
export function createOpenFolder(t) {
  const dir = createFolder(t)
  chmodSync(dir, 0o777)
  return dir
}

/**
 * Starts a program that is to listen on a port, in a folder, until the end of the test or suite.
 *
 * @param {Context} t
 * @param {string} name as tools/scripts/network-servers.mjs finds it, or a path
 * @param {string[]} parameters
 * @param {object} options
 * @param {string} options.dir
 * @param {number} options.port
 * @param {'SIGTERM' | 'SIGKILL'} [options.endBy] SIGKILL for one that takes its time to end by itself
 */
export async function startProgram(t, name, parameters, { dir, port, endBy = 'SIGTERM' }) {
  const file = name.includes('/') ? name : find(name)
  if (file === undefined) throw new Error(`${name} is missing: npm run test:network installs it`)
  const output = join(dir, 'output')
  const program = spawn(file, parameters, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] })
  const sink = createWriteStream(output)
  for (const stream of [program.stdout, program.stderr]) stream.pipe(sink, { end: false })
  const exited = once(program, 'exit')
  const end = () => program.kill(endBy)
  process.once('exit', end)
  /** Ends the program; what it has to write is written. @param {NodeJS.Signals} [signal] */
  const stop = async (signal = 'SIGTERM') => {
    process.off('exit', end)
    program.kill(signal)
    await exited
  }
  t.after(() => stop(endBy))
  const failed = exited.then(async ([code, signal]) => {
    throw new Error(`${name} ended with ${code ?? signal}:\n${await readFile(output, 'utf8')}`)
  })
  const ended = new AbortController()
  exited.then(() => ended.abort())
  await Promise.race([listening(port, ended.signal), failed])
  failed.catch(() => {})
  return { stop, output, pid: program.pid }
}

/** The lines of a log file. @param {string} path */
export async function readLines(path) {
  const text = await readFile(path, 'utf8')
  return text.split('\n').filter((line) => line !== '')
}
