// A program that must succeed: what goes wrong is shown, what goes well is of no interest.

import { spawnSync } from 'node:child_process'

/**
 * What it prints.
 *
 * @param {string} command
 * @param {string[]} parameters
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 * @returns {string}
 */
export function run(command, parameters, options) {
  const { status, stdout, stderr, error } = spawnSync(command, parameters, {
    maxBuffer: 1 << 28,
    ...options,
    encoding: 'utf8',
  })
  if (status !== 0) {
    const said = `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`
    throw new Error(`${command} ${parameters.join(' ')} failed\n${said}`)
  }
  return stdout
}
