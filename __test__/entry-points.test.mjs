// How the package is loaded: as an ES module, as CommonJS, and what types say of it.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import './support/binary.mjs'

const require = createRequire(import.meta.url)

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
