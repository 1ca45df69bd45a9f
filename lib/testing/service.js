// The HTTP server around the protocol.

const { createServer } = require('node:http')
const { createHandler, refuse } = require('./protocol.js')

/** @typedef {import('./protocol.js').Handler} Handler */

/**
 * Starts the service.
 *
 * @param {object} options
 * @param {import('./memory-store.js').Store} options.store
 * @param {string} [options.host]
 * @param {number} [options.port] a free one by default
 * @param {string} [options.token] the only one that is accepted; any by default
 * @param {(handler: Handler) => Handler} [options.around] wraps the handling of requests
 * @returns {Promise<{ url: string, port: number, close: () => Promise<void> }>}
 */
async function startService({ store, host = '127.0.0.1', port = 0, token, around = (handler) => handler }) {
  const handle = around(createHandler(store, token))
  const server = createServer(async (request, response) => {
    try {
      const { method = '', url = '/', headers, socket } = request
      await handle({ method, url, headers, socket, body: await readBody(request) }, response)
    } catch (error) {
      // Where the client is gone, or has a part of the response already, there is nothing to say.
      if (!request.complete || response.headersSent) request.socket.destroy()
      else refuse(response, 500, String(error))
    }
  })
  await new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve(undefined))
  })
  const address = /** @type {import('node:net').AddressInfo} */ (server.address())
  const name = address.address.includes(':') ? `[${address.address}]` : address.address
  return {
    url: `http://${name}:${address.port}`,
    port: address.port,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
      await store.close()
    },
  }
}

/** @param {import('node:http').IncomingMessage} request */
async function readBody(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

module.exports = { startService }
