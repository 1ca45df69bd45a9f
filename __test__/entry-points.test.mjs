// How the package is loaded: as an ES module, as CommonJS, and what types say of it.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import './support/binary.mjs'

const require = createRequire(import.meta.url)

/** What the package advises where it cannot be loaded. @param {NodeJS.ProcessEnv} env */
function advice(env) {
  const script = `try { require('session-ingress') } catch (error) { console.log(error.message.split('\\n').at(-1)) }`
  const options = { cwd: fileURLToPath(new URL('..', import.meta.url)), env: { ...process.env, ...env } }
  return String(spawnSync(process.execPath, ['--eval', script], options).stdout).trimEnd()
}

test('import and require give the same functions', async () => {
  const module = await import('session-ingress')
  assert.deepEqual({ ...module }, { ...require('session-ingress') })
  assert.equal(typeof module.appendSessionLog, 'function')
})

test('the package exports what its types declare, and nothing else', async () => {
  const types = await readFile(new URL('../index.d.ts', import.meta.url), 'utf8')
  const declared = [...types.matchAll(/^export declare (?:function|const) (\w+)/gm)].map(([, name]) => name)
  assert.deepEqual(Object.keys(await import('session-ingress')).sort(), declared.sort())
})

test('where NAPI_RS_NATIVE_LIBRARY_PATH names no binary, the error says so and names no platform to build for', () => {
  const text = advice({ NAPI_RS_NATIVE_LIBRARY_PATH: '/no/such.node' })
  assert.match(text, /^What to do: the environment variable NAPI_RS_NATIVE_LIBRARY_PATH has to name a binary/)
})
