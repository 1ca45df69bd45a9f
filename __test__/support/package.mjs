// The package as users get it: packed, and installed into an empty folder.

import { execFile } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const shell = process.platform === 'win32'
const run = promisify(execFile)

/** An empty folder for the time of a test or suite. @param {{ after: (end: () => Promise<void>) => void }} t */
export function createFolder(t) {
  const dir = mkdtempSync(join(tmpdir(), 'session-ingress-test-'))
  t.after(() => removeFolder(dir))
  return dir
}

/** Removes a folder. On Windows it may stay: a file is there as long as somebody has it open, and an outbox closes its files in its own time. @param {string} dir */
export async function removeFolder(dir) {
  const removed = rm(dir, { recursive: true, force: true })
  await (process.platform === 'win32' ? removed.catch(() => {}) : removed)
}

/**
 * Packs the package and installs the tarball into a folder. No script of it runs, the network is not used,
 * and whoever calls a compiler fails.
 *
 * @param {string} dir
 * @returns {Promise<string[]>} what the tarball holds
 */
export async function installTarball(dir) {
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', dir], {
    cwd: ROOT,
    shell,
  })
  const [{ filename, files }] = JSON.parse(stdout)
  await writeFile(join(dir, 'package.json'), '{ "private": true }')
  const env = { ...process.env, PATH: `${await createNoCompilers(dir)}${delimiter}${process.env.PATH}` }
  const options = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock']
  await run('npm', ['install', ...options, `./${filename}`], { cwd: dir, env, shell })
  return files.map((/** @type {{ path: string }} */ { path }) => path)
}

/** @param {string} dir */
async function createNoCompilers(dir) {
  const bin = join(dir, 'no-compilers')
  await mkdir(bin)
  for (const name of ['cargo', 'rustc', 'cc', 'gcc', 'clang', 'node-gyp']) {
    await writeFile(join(bin, name), '#!/bin/sh\nexit 1\n')
    await chmod(join(bin, name), 0o755)
  }
  return bin
}

// What is loaded here is what was installed.
const { NAPI_RS_NATIVE_LIBRARY_PATH, ...own } = process.env
/** The variables of programs that use the package. */
export const environment = own

/**
 * Runs a script in a folder, as a file of that name.
 *
 * @param {string} dir
 * @param {string} name
 * @param {string} script
 * @param {{ env?: Record<string, string>, flags?: string[] }} [how]
 */
export async function runIn(dir, name, script, { env = {}, flags = [] } = {}) {
  await writeFile(join(dir, name), script)
  const options = { cwd: dir, env: { ...environment, ...env } }
  const { stdout } = await run(process.execPath, [...flags, name], options)
  return stdout
}

/** Prints the code of the error that loading throws, and its advice. */
export const PRINT_ERROR = `
  const print = ({ code, message }) => console.log(code, message.split('\\n').at(-1))
  try { console.log(typeof require('session-ingress').configure) } catch (error) { print(error) }`

/** The flag of the permission model; `undefined` where this Node has none. */
export const PERMISSION = ['--permission', '--experimental-permission'].find((flag) =>
  process.allowedNodeEnvironmentFlags.has(flag),
)
export const noPermissions = PERMISSION === undefined && 'this Node has no permission model'
