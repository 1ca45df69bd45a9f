// HTTP/1.1 over TLS: specification.md, section 8.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createSecureServer } from 'node:http2'
import { test } from 'node:test'
import { createAuthority } from '../tools/shared/certificates.mjs'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { serve } from './support/server.mjs'

const { appendSessionLog, getSessionLogs } = addon
const authority = createAuthority()
const { cert, pem } = authority.issue()
const CERTIFICATE = { cert, key: pem }

test('a server that prefers HTTP/2 is offered HTTP/1.1 alone', async (t) => {
  useHost(t, { tls: { ca: authority.cert } })
  const seen = /** @type {unknown[]} */ ([])
  const server = createSecureServer({ ...CERTIFICATE, allowHTTP1: true }, (request, response) => {
    seen.push([request.httpVersion, /** @type {import('node:tls').TLSSocket} */ (request.socket).alpnProtocol])
    request.resume().on('end', () => response.writeHead(201).end())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const sockets = /** @type {import('node:net').Socket[]} */ ([])
  server.on('secureConnection', (socket) => sockets.push(socket))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  for (let n = 0; n < 2; n++) {
    assert.equal(await appendSessionLog('s', createEntry(), `https://127.0.0.1:${port}`), true)
  }
  assert.deepEqual(seen, Array(2).fill(['1.1', 'http/1.1']))
  assert.equal(sockets.length, 1)
})

test('entries and logs of several megabytes go over https', async (t) => {
  useHost(t, { tls: { ca: authority.cert } })
  const entry = createEntry({ text: 'x'.repeat(5_000_000) })
  /** @type {import('./support/server.mjs').Handler} */
  const store = ({ method, body }) =>
    method === 'PUT'
      ? { status: body.equals(Buffer.from(JSON.stringify(entry))) ? 201 : 400 }
      : { body: { loglines: [entry] } }
  const server = await serve(t, store, CERTIFICATE)
  assert.equal(await appendSessionLog('s', entry, server.url), true)
  assert.deepEqual(await getSessionLogs('s', server.url), [entry])
})
