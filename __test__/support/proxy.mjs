// A proxy for tests: tunnels by CONNECT, and requests in absolute form.

import { once } from 'node:events'
import { createServer, request as forward } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect } from 'node:net'

/**
 * @typedef {{ method: string, url: string, authorization: string | undefined, agent: string | undefined }} Asked
 */

/**
 * Starts a proxy on a free port of the loopback interface for the time of a test.
 *
 * @param {import('node:test').TestContext} t
 * @param {{
 *   tls?: import('node:https').ServerOptions,
 *   authorization?: string,
 *   respond?: (asked: Asked, socket: import('node:stream').Duplex) => string | undefined
 * }} [options] `tls`: of an https proxy; `authorization`: what it wants to see as `Proxy-Authorization`; `respond`: what
 *   it says to CONNECT instead of making a tunnel, `undefined` being nothing at all
 */
export async function createProxy(t, { tls, authorization, respond } = {}) {
  /** @type {Asked[]} */
  const asked = []
  /** @type {Set<import('node:stream').Duplex>} */
  const sockets = new Set()
  const proxy = tls ? createTlsServer(tls) : createServer()

  /** @param {import('node:http').IncomingMessage} request */
  const record = ({ method = '', url = '', headers }) => {
    const one = { method, url, authorization: headers['proxy-authorization'], agent: headers['user-agent'] }
    asked.push(one)
    return one
  }

  proxy.on('connect', (request, socket, head) => {
    const one = record(request)
    if (respond) {
      const text = respond(one, socket)
      if (text !== undefined) socket.end(text)
      return
    }
    if (authorization !== undefined && one.authorization !== authorization) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="test"\r\n\r\n')
      return
    }
    const [host, port] = one.url.split(':')
    const server = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      server.write(head)
      socket.pipe(server).pipe(socket)
    })
    sockets.add(server)
    server.on('error', () => socket.destroy())
    socket.on('error', () => server.destroy())
    socket.on('close', () => server.destroy())
  })

  proxy.on('request', (request, response) => {
    const one = record(request)
    if (authorization !== undefined && one.authorization !== authorization) {
      response.writeHead(407, { 'proxy-authenticate': 'Basic realm="test"' }).end()
      return
    }
    const { 'proxy-authorization': _, ...headers } = request.headers
    const onward = forward(one.url, { method: one.method, headers }, (received) => {
      // What the server says of its connection is no matter of the other one.
      const { connection, 'keep-alive': _keepAlive, ...headers } = received.headers
      response.writeHead(received.statusCode ?? 502, headers)
      received.pipe(response)
    })
    onward.on('error', () => response.writeHead(502).end())
    request.pipe(onward)
  })

  for (const event of ['connection', 'secureConnection']) {
    proxy.on(event, (socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
    })
  }
  proxy.on('tlsClientError', () => {})
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    proxy.close()
  })
  const { port } = /** @type {import('node:net').AddressInfo} */ (proxy.address())
  return { port, host: `127.0.0.1:${port}`, url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`, asked, proxy }
}
