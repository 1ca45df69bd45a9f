// The examples, run against the local ingress service.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startIngressServer } from 'session-ingress/testing'
import '../support/binary.mjs'

/** What an example prints. @param {string} name @param {...string} parameters */
async function run(name, ...parameters) {
  const path = fileURLToPath(new URL(`../../examples/${name}.mjs`, import.meta.url))
  const env = { ...process.env, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' }
  const { stdout } = await promisify(execFile)(process.execPath, [path, ...parameters], { env, timeout: 60_000 })
  return stdout
}

test('the example of appending stores three entries, and that of resuming reads them and appends one behind', async (t) => {
  const service = await startIngressServer()
  t.after(() => service.close())
  const texts = ['What is in this folder?', 'Three files.', 'Thank you.']
  assert.equal(await run('append', service.url, 's'), '3 entries stored, 0 failed\n')
  assert.equal(await run('resume', service.url, 's'), `${texts.join('\n')}\n`)
  assert.equal(await run('resume', service.url, 's'), `${[...texts, 'Where were we?'].join('\n')}\n`)
})
