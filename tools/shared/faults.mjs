// Faults that only tests and tools of this repository need, besides those of lib/testing/faults.js.

import { setTimeout as sleep } from 'node:timers/promises'
import { responseOf } from '../../lib/testing/faults.js'

/** @typedef {import('../../lib/testing/faults.js').Fault} Fault */

/** Does not respond for a time, and then cuts the connection. @param {number} milliseconds @returns {Fault} */
export const stall = (milliseconds) => () => async (request) => {
  await sleep(milliseconds)
  request.socket.destroy()
}

/** Does what was asked, does not respond for a time, and then cuts the connection. @param {number} milliseconds @returns {Fault} */
export const stallAfter = (milliseconds) => (handler) => async (request) => {
  await responseOf(handler, request)
  await sleep(milliseconds)
  request.socket.destroy()
}

/** Does what was asked, and cuts the connection when this share of the response's body is sent. @param {number} share @returns {Fault} */
export const truncatedAt = (share) => (handler) => async (request, response) => {
  const { status, headers, body } = await responseOf(handler, request)
  response.writeHead(status, headers)
  response.write(body.subarray(0, Math.floor(body.length * share)), () => request.socket.destroy())
}

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

/** @param {import('node:http').ServerResponse} response @param {import('../../lib/testing/faults.js').HeldResponse} held */
function send(response, { status, headers, body }) {
  response.writeHead(status, headers)
  response.end(body)
}
