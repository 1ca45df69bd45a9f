// Faults: each wraps how one request is handled.

const { setTimeout: sleep } = require('node:timers/promises')
const { refuse } = require('./protocol.js')

/** @typedef {import('./protocol.js').Handler} Handler */
/** @typedef {(handler: Handler) => Handler} Fault */

/** Responds with a status, and does nothing. @param {number} code @param {Record<string, string>} [headers] @param {string} [message] what went wrong, as the server says it @returns {Fault} */
const status =
  (code, headers = {}, message = undefined) =>
  () =>
  async (_request, response) => {
    if (message === undefined) response.writeHead(code, headers).end()
    else refuse(response, code, message, headers)
  }

/** Does what was asked, and responds with another status. @param {number} code @param {Record<string, string>} [headers] @param {string} [message] @returns {Fault} */
const statusAfter = (code, headers, message) => (handler) => async (request, response) => {
  await responseOf(handler, request)
  await status(code, headers, message)(handler)(request, response)
}

/** Cuts the connection, and does nothing. @type {Fault} */
const resetBefore = () => async (request) => {
  request.socket.destroy()
}

/** Does what was asked, and cuts the connection instead of responding. @type {Fault} */
const resetAfter = (handler) => async (request) => {
  await responseOf(handler, request)
  request.socket.destroy()
}

/** Does what was asked, later. @param {number} milliseconds @returns {Fault} */
const delay = (milliseconds) => (handler) => async (request, response) => {
  await sleep(milliseconds)
  await handler(request, response)
}

/** @typedef {{ status: number, headers: Record<string, any>, body: Buffer }} HeldResponse */

/** The response that a handler would send. @param {Handler} handler @param {import('./protocol.js').Request} request @returns {Promise<HeldResponse>} */
async function responseOf(handler, request) {
  /** @type {HeldResponse} */
  const result = { status: 200, headers: {}, body: Buffer.alloc(0) }
  /** @type {any} */
  const held = {
    writeHead(/** @type {number} */ status, headers = {}) {
      Object.assign(result, { status, headers })
      return held
    },
    end: (body = Buffer.alloc(0)) => Object.assign(result, { body }),
  }
  await handler(request, held)
  return result
}

module.exports = { delay, resetAfter, resetBefore, responseOf, status, statusAfter }
