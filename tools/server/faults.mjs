// Faults for the ingress service, from outside of it: each wraps how one request is handled.

import { setTimeout as sleep } from 'node:timers/promises'

/** @typedef {import('./ingress-server.mjs').Handler} Handler */
/** @typedef {(handler: Handler) => Handler} Fault */

/** Responds with a status, and does nothing. @param {number} status @param {Record<string, string>} [headers] @returns {Fault} */
export const status =
  (status, headers = {}) =>
  () =>
  async (request, response) => {
    request.resume()
    response.writeHead(status, headers).end()
  }

/** Does what was asked, and responds with another status. @param {number} status @returns {Fault} */
export const statusAfter = (status) => (handler) =>
  handlerWith(handler, (response) => {
    const writeHead = response.writeHead
    response.writeHead = /** @type {any} */ (() => writeHead.call(response, status))
  })

/** Cuts the connection, and does nothing. @type {Fault} */
export const resetBefore = () => async (request) => {
  request.socket.destroy()
}

/** Does what was asked, and cuts the connection instead of responding. @type {Fault} */
export const resetAfter = (handler) =>
  handlerWith(handler, (response, request) => {
    response.writeHead = /** @type {any} */ (() => response)
    response.end = /** @type {any} */ (() => request.socket.destroy())
  })

/** Does what was asked, later. @param {number} milliseconds @returns {Fault} */
export const delay = (milliseconds) => (handler) => async (request, response) => {
  await sleep(milliseconds)
  await handler(request, response)
}

/** Never responds. @type {Fault} */
export const silence = () => async (request) => {
  request.resume()
}

/** Does not respond for a time, and then cuts the connection. @param {number} milliseconds @returns {Fault} */
export const stall = (milliseconds) => () => async (request) => {
  request.resume()
  await sleep(milliseconds)
  request.socket.destroy()
}

/** Does what was asked, does not respond for a time, and then cuts the connection. @param {number} milliseconds @returns {Fault} */
export const stallAfter = (milliseconds) => (handler) =>
  handlerWith(handler, (response, request) => {
    response.writeHead = /** @type {any} */ (() => response)
    response.end = /** @type {any} */ (() => setTimeout(() => request.socket.destroy(), milliseconds))
  })

/** Does what was asked, and cuts the connection when this share of the response's body is sent. @param {number} share @returns {Fault} */
export const truncatedAt = (share) => (handler) =>
  handlerWith(handler, (response, request) => {
    response.end = /** @type {any} */ (
      (/** @type {Buffer} */ body) =>
        response.write(body.subarray(0, Math.floor(body.length * share)), () => request.socket.destroy())
    )
  })

/** Does what was asked, and cuts the connection in the middle of the response's body. @type {Fault} */
export const truncated = truncatedAt(0.5)

/** Responds to a read of a log as a replica would that is some entries behind. @param {number} entries @returns {Fault} */
export const stale = (entries) => (handler) => async (request, response) => {
  const { status, headers, body } = await responseOf(handler, request)
  if (status !== 200) return send(response, { status, headers, body })
  const { loglines } = JSON.parse(body.toString())
  const text = Buffer.from(JSON.stringify({ loglines: loglines.slice(0, -entries) }))
  send(response, { status, headers: { ...headers, 'content-length': text.length }, body: text })
}

/** Does what was asked, then something else, and only then responds. @param {() => Promise<unknown>} work @returns {Fault} */
export const meanwhile = (work) => (handler) => async (request, response) => {
  const held = await responseOf(handler, request)
  await work()
  send(response, held)
}

/** @typedef {{ status: number, headers: Record<string, any>, body: Buffer }} HeldResponse */

/** The response that a handler would send. @param {Handler} handler @param {import('node:http').IncomingMessage} request @returns {Promise<HeldResponse>} */
async function responseOf(handler, request) {
  /** @type {HeldResponse} */
  const result = { status: 200, headers: {}, body: Buffer.alloc(0) }
  /** @type {any} */
  const held = {
    writeHead: (/** @type {number} */ status, headers = {}) => Object.assign(result, { status, headers }),
    end: (body = Buffer.alloc(0)) => Object.assign(result, { body }),
  }
  await handler(request, held)
  return result
}

/** @param {import('node:http').ServerResponse} response @param {HeldResponse} held */
function send(response, { status, headers, body }) {
  response.writeHead(status, headers)
  response.end(body)
}

/** @param {Handler} handler @param {(response: any, request: import('node:http').IncomingMessage) => void} change @returns {Handler} */
function handlerWith(handler, change) {
  return (request, response) => {
    change(response, request)
    return handler(request, response)
  }
}

/**
 * A plan of faults for {@link startIngressServer}'s `around`: the first in it that is meant for a request's
 * method befalls it, and is used up.
 */
export class FaultPlan {
  /** @type {{ method: string, fault: Fault }[]} */
  #faults = []

  /** @param {'PUT' | 'GET'} method @param {...Fault} faults */
  add(method, ...faults) {
    this.#faults.push(...faults.map((fault) => ({ method, fault })))
    return this
  }

  /** @type {Fault} */
  around = (handler) => (request, response) => {
    const index = this.#faults.findIndex(({ method }) => method === request.method)
    if (index < 0) return handler(request, response)
    const [{ fault }] = this.#faults.splice(index, 1)
    return fault(handler)(request, response)
  }
}
