// Servers for tests: a function is the server, and what it throws fails the test.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'

/**
 * @typedef {{ method: string, url: string, headers: import('node:http').IncomingHttpHeaders, body: Buffer, json: () => any, connection: number }} Recorded
 * @typedef {{ status?: number, headers?: Record<string, string | string[]>, body?: string | Buffer | object }} ScriptedResponse
 * @typedef {(request: Recorded, response: import('node:http').ServerResponse, index: number) => unknown} Handler
 */

/**
 * Starts a server on a free port of the loopback interface for the time of a test.
 *
 * @param {import('node:test').TestContext} t
 * @param {Handler} handler what it returns is sent, unless that is undefined; called when the body is there
 * @param {import('node:https').ServerOptions} [tls] of a server that is reached by https
 */
export async function serve(t, handler, tls) {
  /** @type {Recorded[]} */
  const requests = []
  /** @type {unknown[]} */
  const failures = []
  const connections = new Map()
  /** @type {import('node:http').RequestListener} */
  const listener = async (request, response) => {
    try {
      const chunks = []
      for await (const chunk of request) chunks.push(chunk)
      if (!connections.has(request.socket)) connections.set(request.socket, connections.size)
      const body = Buffer.concat(chunks)
      const recorded = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body,
        json: () => JSON.parse(body.toString()),
        connection: connections.get(request.socket),
      }
      const index = requests.push(recorded) - 1
      const scripted = await handler(recorded, response, index)
      if (scripted !== undefined) send(response, /** @type {ScriptedResponse} */ (scripted))
    } catch (error) {
      if (!request.aborted) failures.push(error)
      response.destroy()
    }
  }
  // What is too weak is the client's to refuse: newer ones of Node would not even serve it.
  const server = tls ? createTlsServer({ ciphers: 'DEFAULT@SECLEVEL=0', ...tls }, listener) : createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    server.closeAllConnections()
    server.close()
    if (failures.length > 0) throw failures[0]
  })
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  return { port, url: `http${tls ? 's' : ''}://127.0.0.1:${port}`, requests, connections, server }
}

/**
 * A server that gives these responses in order. One request more fails the test.
 *
 * @param {import('node:test').TestContext} t
 * @param {...(ScriptedResponse | Handler)} responses
 */
export function serveInOrder(t, ...responses) {
  return serve(t, (request, response, index) => {
    const scripted = responses[index]
    if (scripted === undefined) throw new Error(`one request too many: ${request.method} ${request.url}`)
    return typeof scripted === 'function' ? scripted(request, response, index) : scripted
  })
}

/** @param {import('node:http').ServerResponse} response @param {ScriptedResponse} scripted */
function send(response, { status = 200, headers = {}, body = '' }) {
  const isText = typeof body === 'string' || Buffer.isBuffer(body)
  response.writeHead(status, headers).end(isText ? body : JSON.stringify(body))
}

/** Stores what is PUT, by the protocol's rules, and gives it back: one log for each path. */
export function createLogs() {
  /** @type {Map<string, any[]>} */
  const logs = new Map()
  /** @type {Handler} */
  const handler = (request) => {
    const [path] = request.url.split('?')
    const log = logs.get(path) ?? []
    logs.set(path, log)
    if (request.method === 'GET') return { body: { loglines: log } }
    const head = log.at(-1)?.uuid
    if (request.headers['last-uuid'] !== head) {
      return { status: 409, headers: head === undefined ? {} : { 'x-last-uuid': head } }
    }
    log.push(request.json())
    return { status: 201 }
  }
  return { logs, handler }
}

/** A promise, and the means to fulfil it. */
export function createGate() {
  /** @type {(value?: unknown) => void} */
  let open = () => {}
  const opened = new Promise((resolve) => {
    open = resolve
  })
  return { open, opened }
}
