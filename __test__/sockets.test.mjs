// Sockets are bounded, whatever the number of sessions: specification.md, section 8.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createAuthority } from '../tools/shared/certificates.mjs'
import { runProgram } from './support/child.mjs'
import { createFolder } from './support/package.mjs'
import { serve } from './support/server.mjs'

/** Lets Node have few files. */
const FEW_FILES = ['sh', '-c', 'ulimit -n 256 && exec "$@"', 'sh']
const skip = process.platform === 'win32' && 'there is no ulimit'

test('3,000 sessions append with 256 files', { skip }, async (t) => {
  const server = await serve(t, () => ({ status: 201 }))
  const { stdout, stderr } = await runProgram('many-sessions', { url: server.url }, { command: FEW_FILES })
  assert.deepEqual([stdout.trim(), stderr], ['3000', ''])
  assert.equal(server.requests.length, 3000)
})

test('3,000 sessions append with 256 files where connections do not last', { skip }, async (t) => {
  const server = await serve(t, () => ({ status: 201, headers: { connection: 'close' } }))
  const { stdout, stderr } = await runProgram('many-sessions', { url: server.url }, { command: FEW_FILES })
  assert.deepEqual([stdout.trim(), stderr], ['3000', ''])
})

test('3,000 sessions append with 256 files over https', { skip }, async (t) => {
  const authority = createAuthority()
  const { cert, pem } = authority.issue()
  const server = await serve(t, () => ({ status: 201 }), { cert, key: pem })
  const file = join(createFolder(t), 'ca.pem')
  writeFileSync(file, authority.cert)
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: file }
  const { stdout, stderr } = await runProgram('many-sessions', { url: server.url }, { command: FEW_FILES, env })
  assert.deepEqual([stdout.trim(), stderr], ['3000', ''])
})
