// The service of a storm, in a process of its own that can be killed: the local ingress service, and before it
// the faults that the process that started it deals.

import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { meanwhile } from '../server/faults.mjs'
import { startIngressServer } from '../server/ingress-server.mjs'
import { FAULTS, isAfterStoring, KILL_AFTER, KILL_BEFORE } from './faults.mjs'

/** @typedef {import('../server/faults.mjs').Fault} Fault */
/** @typedef {import('../server/ingress-server.mjs').Handler} Handler */

/** @type {Map<number, (reply: any) => void>} */
const asked = new Map()
let questions = 0
let requests = 0

const tell = (/** @type {object} */ message) => process.send?.(message)

/** Asks the parent. @param {object} question @returns {Promise<any>} */
function ask(question) {
  questions += 1
  const id = questions
  tell({ ...question, id })
  return new Promise((resolve) => asked.set(id, resolve))
}

process.on('message', async (/** @type {any} */ message) => {
  if (message.kind === 'reply') {
    asked.get(message.id)?.(message.reply)
    asked.delete(message.id)
  } else if (message.kind === 'serve') {
    const { port } = await startIngressServer({ dir: message.dir, port: message.port, around })
    tell({ kind: 'listening', port })
  }
})
process.on('disconnect', () => process.exit())
tell({ kind: 'ready' })

/** @type {Fault} */
function around(handler) {
  return async (incoming, response) => {
    const { request, body } = await received(incoming)
    const { method } = request
    const session = request.url?.match(/session\/([^/?]+)/)?.[1]
    const client = request.headers.authorization?.replace('Bearer ', '')
    const uuid = method === 'PUT' ? JSON.parse(body.toString()).uuid : undefined
    requests += 1
    const number = requests
    response.once('close', () => tell({ kind: 'closed', number, answered: response.writableFinished }))
    const deal = await ask({ kind: 'deal', asked: { number, client, method, session, uuid } })
    const told = uuid === undefined ? handler : telling(handler, uuid, (kind) => tell({ kind, session, uuid }))
    await disturbed(told, deal, () => ask({ kind: 'meanwhile', session }))(request, response)
  }
}

/** @param {Handler} handler @param {import('./fault-injector.mjs').Deal} deal @param {() => Promise<unknown>} other the second writer appends @returns {Handler} */
function disturbed(handler, { fault: name, meanwhile: othersToo }, other) {
  if (name === undefined) return handler
  if (name === KILL_BEFORE) return killed
  if (name === KILL_AFTER) return meanwhile(killed)(handler)
  const fault = FAULTS[name]
  if (!othersToo) return fault(handler)
  if (isAfterStoring(name)) return fault(meanwhile(other)(handler))
  return async (request, response) => {
    await other()
    await fault(handler)(request, response)
  }
}

/** @returns {Promise<void>} never */
function killed() {
  process.kill(process.pid, 'SIGKILL')
  return new Promise(() => {})
}

/** Tells what becomes of an entry, whether or not the answer gets to anybody. @param {Handler} handler @param {string} uuid @param {(kind: 'stored' | 'lost') => void} tell @returns {Handler} */
function telling(handler, uuid, tell) {
  return (request, response) => {
    const writeHead = response.writeHead
    response.writeHead = /** @type {any} */ (
      (/** @type {number} */ status, /** @type {Record<string, string>} */ headers) => {
        if (status === 201 || headers['x-last-uuid'] === uuid) tell('stored')
        else if (status === 409) tell('lost')
        return writeHead.call(response, status, headers)
      }
    )
    return handler(request, response)
  }
}

/** The whole request, to be read once more. @param {import('node:http').IncomingMessage} incoming */
async function received(incoming) {
  const { method, url, headers, socket } = incoming
  const body = await buffer(incoming)
  /** @type {any} */
  const request = Object.assign(Readable.from(body.length > 0 ? [body] : []), { method, url, headers, socket })
  return { request: /** @type {import('node:http').IncomingMessage} */ (request), body }
}
