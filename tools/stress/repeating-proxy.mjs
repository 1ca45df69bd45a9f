// A proxy on the way that sends a request a second time, by itself, when it got no response to the first, as nginx does
// by default (`proxy_next_upstream error timeout`). The client sees the response to the second copy alone.

import { once } from 'node:events'
import { Agent, createServer, request as startRequest } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { LIMIT_MS } from './faults.mjs'

const COPIES = 2
/** Both copies fit into the time that a client waits. */
const PATIENCE_MS = LIMIT_MS / 2

export class RepeatingProxy {
  /** PUTs that were sent a second time. */
  repeated = 0
  #agent = new Agent({ keepAlive: true })
  #port
  #server = createServer((request, response) => this.#forward(request, response))

  /** @param {number} port where it leads */
  constructor(port) {
    this.#port = port
  }

  /** @param {number} port where it leads */
  static async start(port) {
    const proxy = new RepeatingProxy(port)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get url() {
    return `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (this.#server.address()).port}`
  }

  close() {
    this.#server.close()
    this.#server.closeAllConnections()
    this.#agent.destroy()
  }

  /** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
  async #forward(request, response) {
    const { method, url: path, headers } = request
    const options = { port: this.#port, host: '127.0.0.1', agent: this.#agent, method, path, headers }
    // A client that went away is no error of the proxy.
    const body = await buffer(request).catch(() => undefined)
    if (body === undefined) return
    for (let copy = 1; copy <= COPIES; copy += 1) {
      if (copy > 1 && method === 'PUT') this.repeated += 1
      const upstream = await respond(options, body).catch(() => undefined)
      if (upstream === undefined) continue
      // What breaks off behind the proxy breaks off before it, too.
      upstream.once('error', () => response.destroy())
      upstream.pipe(response.writeHead(upstream.statusCode ?? 502, upstream.headers))
      return
    }
    response.writeHead(502).end()
  }
}

/** @param {import('node:http').RequestOptions} options @param {Buffer} body @returns {Promise<import('node:http').IncomingMessage>} */
function respond(options, body) {
  return new Promise((resolve, reject) => {
    const request = startRequest(options, resolve)
    const timer = setTimeout(() => request.destroy(new Error('no response in time')), PATIENCE_MS)
    request.once('response', () => clearTimeout(timer))
    request.once('close', () => clearTimeout(timer))
    request.on('error', reject)
    request.end(body)
  })
}
