// Faults for the ingress service, from outside of it: each wraps how one request is handled.

import { setTimeout as sleep } from 'node:timers/promises'

/** @typedef {import('./ingress-server.mjs').Handler} Handler */
/** @typedef {(handler: Handler) => Handler} Fault */

/** Answers with a status, and does nothing. @param {number} status @param {Record<string, string>} [headers] @returns {Fault} */
export const status =
  (status, headers = {}) =>
  () =>
  async (request, response) => {
    request.resume()
    response.writeHead(status, headers).end()
  }

/** Does what was asked, and answers with another status. @param {number} status @returns {Fault} */
export const statusAfter = (status) => (handler) =>
  handlerWith(handler, (response) => {
    const writeHead = response.writeHead
    response.writeHead = /** @type {any} */ (() => writeHead.call(response, status))
  })

/** Cuts the connection, and does nothing. @type {Fault} */
export const resetBefore = () => async (request) => {
  request.socket.destroy()
}

/** Does what was asked, and cuts the connection instead of answering. @type {Fault} */
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

/** Never answers. @type {Fault} */
export const silence = () => async (request) => {
  request.resume()
}

/** Does what was asked, and cuts the connection in the middle of the answer's body. @type {Fault} */
export const truncated = (handler) =>
  handlerWith(handler, (response, request) => {
    response.end = /** @type {any} */ (
      (/** @type {Buffer} */ body) =>
        response.write(body.subarray(0, Math.floor(body.length / 2)), () => request.socket.destroy())
    )
  })

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
