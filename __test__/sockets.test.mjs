// Sockets are bounded, whatever the number of sessions: SPEC section 8.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createAuthority } from './support/certificates.mjs'
import { runScript } from './support/child.mjs'
import { createFolder } from './support/package.mjs'
import { serve } from './support/server.mjs'

const APPEND = `
addon.configure({
  getSessionIngressAuthToken: () => 'token',
  logError: (error) => console.error(error.message),
  retry: { maxAttempts: 1 },
})
const appends = Array.from({ length: 3000 }, (_, n) => addon.appendSessionLog('s' + n, { uuid: String(n) }, url))
Promise.all(appends).then((ended) => console.log(ended.filter(Boolean).length))`

/** Lets Node have as many files as is usual, and no more. */
const FEW_FILES = ['sh', '-c', 'ulimit -n 1024 && exec "$@"', 'sh']
const skip = process.platform === 'win32' && 'there is no ulimit'

test('3,000 sessions append with 1,024 files', { skip }, async (t) => {
  const server = await serve(t, () => ({ status: 201 }))
  const { stdout, stderr } = await runScript(APPEND, { url: server.url }, { command: FEW_FILES })
  assert.deepEqual([stdout.trim(), stderr], ['3000', ''])
  assert.equal(server.requests.length, 3000)
})

test('3,000 sessions append with 1,024 files where connections do not last', { skip }, async (t) => {
  const server = await serve(t, () => ({ status: 201, headers: { connection: 'close' } }))
  const { stdout, stderr } = await runScript(APPEND, { url: server.url }, { command: FEW_FILES })
  assert.deepEqual([stdout.trim(), stderr], ['3000', ''])
})

test('3,000 sessions append with 1,024 files over https', { skip }, async (t) => {
  const authority = createAuthority()
  const { cert, pem } = authority.issue()
  const server = await serve(t, () => ({ status: 201 }), { cert, key: pem })
  const file = join(createFolder(t), 'ca.pem')
  writeFileSync(file, authority.cert)
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: file }
  const { stdout, stderr } = await runScript(APPEND, { url: server.url }, { command: FEW_FILES, env })
  assert.deepEqual([stdout.trim(), stderr], ['3000', ''])
})
