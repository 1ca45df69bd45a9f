// Names and addresses: a host is reached by whichever of its addresses responds.

import assert from 'node:assert/strict'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { addon, createEntry, useHost } from './support/addon.mjs'

const { appendSessionLog } = addon

/** A server on one address alone, or nothing where this machine has no such address. @param {import('node:test').TestContext} t @param {string} address */
async function serveOn(t, address) {
  const server = createServer((request, response) => request.resume().on('end', () => response.writeHead(201).end()))
  server.listen(0, address)
  const stands = await once(server, 'listening').then(
    () => true,
    () => false,
  )
  if (!stands) return undefined
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return /** @type {import('node:net').AddressInfo} */ (server.address()).port
}

test('a server at [::1] is reached', async (t) => {
  const host = useHost(t)
  const port = await serveOn(t, '::1')
  if (port === undefined) return t.skip('no IPv6 here')
  assert.equal(await appendSessionLog('s', createEntry(), `http://[::1]:${port}/log`), true)
  assert.deepEqual(host.diagnostics, [])
})

for (const address of ['127.0.0.1', '::1']) {
  test(`localhost is reached where it responds on ${address} alone`, async (t) => {
    const host = useHost(t)
    const known = await lookup('localhost', { all: true })
    const port = await serveOn(t, address)
    if (port === undefined || !known.some((entry) => entry.address === address)) {
      return t.skip(`localhost has no ${address} here`)
    }
    assert.equal(await appendSessionLog('s', createEntry(), `http://localhost:${port}/log`), true)
    assert.deepEqual(host.diagnostics, [])
  })
}
