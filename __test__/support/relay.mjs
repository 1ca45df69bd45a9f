// A TCP relay in front of a server, to do to connections what networks do.

import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/**
 * @typedef {{ client: import('node:net').Socket, upstream: import('node:net').Socket, index: number, received: number }} Connection
 */

/**
 * Starts a relay for the time of a test.
 *
 * @param {{ after: (end: () => void) => void }} t
 * @param {number} port where it leads
 * @param {{ onData?: (connection: Connection, chunk: Buffer) => boolean | void }} [options]
 *   `onData` sees what the client sends, before it goes on: `true` keeps it back
 */
export async function startRelay(t, port, { onData } = {}) {
  /** @type {Connection[]} */
  const connections = []
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port, host: '127.0.0.1', noDelay: true })
    const connection = { client, upstream, index: connections.length, received: 0 }
    connections.push(connection)
    client.on('data', (chunk) => {
      connection.received += 1
      if (!onData?.(connection, chunk)) pass(upstream, chunk)
    })
    upstream.on('data', (chunk) => pass(client, chunk))
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ]) {
      from.on('error', () => {})
      from.on('close', () => to.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const { client, upstream } of connections) {
      client.destroy()
      upstream.destroy()
    }
    server.close()
  })
  return { port: /** @type {import('node:net').AddressInfo} */ (server.address()).port, connections }
}

/** @param {import('node:net').Socket} socket @param {Buffer} chunk */
function pass(socket, chunk) {
  if (!socket.destroyed) socket.write(chunk)
}
