// A relay before the server, in a process of its own: responses take their time, and the server goes away and comes back.
//
//   startRelay({ port, delayMs }) forks this module.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

const PATH = fileURLToPath(import.meta.url)

/** @typedef {{ url: string, leave: () => Promise<void>, comeBack: () => Promise<void>, close: () => void }} Relay */

/** @param {{ url: string, delayMs?: number }} options `url` of the server @returns {Promise<Relay>} */
export async function startRelay({ url, delayMs = 0 }) {
  const child = fork(PATH, [new URL(url).port, String(delayMs)], { execArgv: [] })
  const [port] = await once(child, 'message')
  const ask = async (/** @type {string} */ what) => {
    child.send(what)
    await once(child, 'message')
  }
  return {
    url: `http://127.0.0.1:${port}`,
    leave: () => ask('leave'),
    comeBack: () => ask('come back'),
    close: () => child.disconnect(),
  }
}

/** @param {number} upstreamPort @param {number} delayMs */
async function relay(upstreamPort, delayMs) {
  /** @type {Set<import('node:net').Socket>} */
  const sockets = new Set()
  const start = () =>
    createServer({ noDelay: true }, (client) => {
      const upstream = connect({ port: upstreamPort, host: '127.0.0.1', noDelay: true })
      client.on('data', (chunk) => upstream.write(chunk))
      upstream.on('data', (chunk) => {
        if (delayMs === 0) client.write(chunk)
        else setTimeout(() => client.destroyed || client.write(chunk), delayMs)
      })
      for (const [socket, other] of [
        [client, upstream],
        [upstream, client],
      ]) {
        sockets.add(socket)
        socket.on('error', () => {})
        socket.on('close', () => {
          sockets.delete(socket)
          other.destroy()
        })
      }
    })
  let server = start().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  process.on('message', async (what) => {
    if (what === 'leave') {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    } else {
      server = start().listen(port, '127.0.0.1')
      await once(server, 'listening')
    }
    process.send?.('done')
  })
  process.on('disconnect', () => process.exit())
  process.send?.(port)
}

if (process.argv[1] === PATH) await relay(Number(process.argv[2]), Number(process.argv[3]))
