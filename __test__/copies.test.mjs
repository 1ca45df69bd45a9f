// Two copies of the package in one process, each of which has queues of its own: a host learns of it.

import assert from 'node:assert/strict'
import { cpSync, mkdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runProgram } from './support/child.mjs'
import { createFolder } from './support/package.mjs'
import { serve } from './support/server.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** A copy of the package, without its binary. @param {import('node:test').TestContext} t */
function copyPackage(t) {
  const dir = join(realpathSync(createFolder(t)), 'session-ingress')
  mkdirSync(dir)
  for (const name of ['index.js', 'package.json', 'lib']) cpSync(join(ROOT, name), join(dir, name), { recursive: true })
  return dir
}

/**
 * @param {import('node:test').TestContext} t
 * @param {string[]} dirs
 * @param {boolean[]} uses
 */
async function run(t, dirs, uses) {
  const { url } = await serve(t, () => ({ status: 201 }))
  const paths = dirs.map((dir) => join(dir, 'index.js'))
  const { stdout, stderr } = await runProgram('two-copies', { url, paths, uses })
  return { ...JSON.parse(stdout), stderr }
}

test('where both are used, a debug line and a warning name their paths', async (t) => {
  const dirs = [copyPackage(t), copyPackage(t)]
  const { lines, warnings } = await run(t, dirs, [true, true])
  assert.deepEqual(
    warnings.map((/** @type {any} */ { code }) => code),
    ['SESSION_INGRESS_COPIES'],
  )
  assert.deepEqual(lines, [warnings[0].message])
  for (const dir of dirs) assert.ok(lines[0].includes(dir), lines[0])
})

test('where one is only loaded, a debug line says so, and there is no warning', async (t) => {
  const { lines, warnings } = await run(t, [copyPackage(t), copyPackage(t)], [false, true])
  assert.equal(lines.length, 1)
  assert.match(lines[0], /is loaded more than once/)
  assert.deepEqual(warnings, [])
})

test('the same path loaded again, as by resets of modules, is no second copy', async (t) => {
  const dir = copyPackage(t)
  assert.deepEqual(await run(t, [dir, dir, dir], [true, true, true]), { lines: [], warnings: [], stderr: '' })
})
