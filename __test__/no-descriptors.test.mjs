// A process without a free file descriptor: as one without a network, until there is one. specification.md, section 8.

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createAuthority } from '../tools/shared/certificates.mjs'
import { runProgram } from './support/child.mjs'
import { serve, serveInOrder } from './support/server.mjs'

const skip = process.platform === 'win32' && 'no ulimit'
const command = ['sh', '-c', 'ulimit -n 128 && exec "$0" "$@"']

/** @param {Record<string, unknown>} given */
async function run(given) {
  const { stdout, stderr, code } = await runProgram('no-descriptors', given, { command })
  assert.deepEqual([stderr, code], ['', 0])
  return JSON.parse(stdout)
}

test('without a free descriptor calls fail as without a network, and work as soon as there is one', {
  skip,
}, async (t) => {
  const { url } = await serve(t, ({ method }) => (method === 'PUT' ? { status: 201 } : { body: { loglines: [1] } }))
  const { appended, log, oauth, events, flushed, told, errors, later } = await run({
    url,
    what: 'all calls, and then with descriptors',
  })
  assert.deepEqual(
    { appended, log, oauth, events, flushed },
    {
      appended: false,
      log: null,
      oauth: null,
      events: null,
      flushed: true,
    },
  )
  assert.deepEqual(told.slice(0, 7), [
    ['session_persist_fail_status', { attempt: 1 }],
    ['session_persist_fail_status', { attempt: 2 }],
    ['session_persist_fail_status', { attempt: 3 }],
    ['session_persist_error_retries_exhausted', { attempt: 3 }],
    ['session_get_fail_status', {}],
    ['session_get_fail_status', {}],
    ['teleport_events_fetch_fail'],
  ])
  assert.equal(errors.length, 6)
  // The words of glibc and of musl.
  const words = /no connection: .*(Too many open files|No file descriptors available)/
  for (const message of errors) assert.match(message, words)
  assert.deepEqual(later, [true, [1]])
})

test('an append that gets a descriptor between its attempts is stored, and its log is read where it has to be', {
  skip,
}, async (t) => {
  const { url, requests } = await serveInOrder(
    t,
    { status: 409 },
    { body: { loglines: [{ uuid: 'u' }] } },
    { status: 201 },
  )
  assert.equal(await run({ url, what: 'an append that gets a descriptor between its attempts' }), true)
  assert.equal(requests[2].headers['last-uuid'], 'u')
})

test('a file of certificates that could not be read without a descriptor is read again', { skip }, async (t) => {
  const authority = createAuthority()
  const { cert, pem } = authority.issue()
  const folder = await mkdtemp(join(tmpdir(), 'session-ingress-'))
  t.after(() => rm(folder, { recursive: true }))
  const ca = join(folder, 'ca.pem')
  await writeFile(ca, authority.cert)
  const plain = await serve(t, () => ({ status: 201 }))
  const https = await serve(t, () => ({ status: 201 }), { cert, key: pem })
  const what = 'a file of certificates that cannot be read at first'
  assert.equal(await run({ url: plain.url, https: https.url, ca, what }), true)
})
