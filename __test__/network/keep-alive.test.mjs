// Connections over TLS that nginx ends after so many requests: specification.md, section 8.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createFolder } from '../support/package.mjs'
import { createLogs, serve } from '../support/server.mjs'
import { createAuthorityFiles } from './support/authority.mjs'
import { startHost } from './support/host.mjs'
import { startNginx } from './support/nginx.mjs'
import { urlOf } from './support/service.mjs'

const SESSIONS = 50
const APPENDS = 200

const authority = createAuthorityFiles(createFolder({ after }))
const certificate = authority.issue('server')

test('10,000 appends over connections that nginx ends after 50 requests are each stored once', async (t) => {
  const store = createLogs()
  const service = await serve(t, store.handler)
  const nginx = await startNginx(t, {
    listen: 'ssl',
    certificate,
    upstream: service.url,
    server: ['keepalive_requests 50;'],
  })
  const host = await startHost(t, { env: { NODE_EXTRA_CA_CERTS: authority.file } })
  const appended = []
  for (let n = 0; n < APPENDS; n += 1) {
    for (let s = 0; s < SESSIONS; s += 1) {
      appended.push(host.appendSessionLog(`s${s}`, { uuid: `s${s}-${n}` }, urlOf(nginx.url, `s${s}`)))
    }
  }
  assert.ok((await Promise.all(appended)).every((is) => is === true))
  assert.deepEqual([host.errors, host.diagnostics], [[], []])
  assert.equal(store.logs.size, SESSIONS)
  for (const [path, log] of store.logs) {
    const id = path.split('/').at(-1)
    const expected = Array.from({ length: APPENDS }, (_, n) => `${id}-${n}`)
    assert.deepEqual(
      log.map(({ uuid }) => uuid),
      expected,
    )
  }
  // No attempt was lost, and none was made twice.
  assert.equal(service.requests.length, SESSIONS * APPENDS)
  const log = await nginx.stopAndReadLog()
  assert.deepEqual(new Set(log.map(({ protocol }) => protocol)), new Set(['HTTP/1.1']))
  const connections = new Set(log.map(({ connection }) => connection)).size
  assert.ok(connections >= (SESSIONS * APPENDS) / 50, `${connections} connections`)
})
