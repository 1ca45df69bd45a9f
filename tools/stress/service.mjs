// The service of a stress run, in a process of its own that can be killed: the local ingress service, and before it
// the faults that the process that started it injects.

import { FileStore } from '../../lib/testing/file-store.js'
import { startService } from '../../lib/testing/service.js'
import { meanwhile } from '../shared/faults.mjs'
import { FAULTS, isAfterStoring, KILL_AFTER, KILL_BEFORE } from './faults.mjs'

/** @typedef {import('../../lib/testing/faults.js').Fault} Fault */
/** @typedef {import('../../lib/testing/protocol.js').Handler} Handler */

/** @type {Map<number, (reply: any) => void>} */
const asked = new Map()
let questions = 0

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
    await startService({ store: await FileStore.open(message.dir), port: message.port, around })
    tell({ kind: 'listening' })
  }
})
process.on('disconnect', () => process.exit())
tell({ kind: 'ready' })

/** @type {Fault} */
function around(handler) {
  return async (request, response) => {
    const { method, body } = request
    const session = request.url.match(/session\/([^/?]+)/)?.[1]
    const client = request.headers.authorization?.replace('Bearer ', '')
    const uuid = method === 'PUT' ? JSON.parse(body).uuid : undefined
    const note = (/** @type {string} */ what) => uuid !== undefined && tell({ kind: 'note', what, uuid })
    response.once('close', () => response.writableFinished || note('no response'))
    const injection = await ask({ kind: 'request', request: { client, method, session, uuid } })
    const noting = uuid === undefined ? handler : withNotes(handler, uuid, note)
    await disturbed(noting, injection, () => ask({ kind: 'meanwhile', session }))(request, response)
  }
}

/** @param {Handler} handler @param {import('./fault-injector.mjs').Injection} injection @param {() => Promise<unknown>} other the second writer appends @returns {Handler} */
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

/** Notes what becomes of an entry, whether or not the response gets to anybody. @param {Handler} handler @param {string} uuid @param {(what: 'stored' | 'conflict') => void} note @returns {Handler} */
function withNotes(handler, uuid, note) {
  return (request, response) => {
    const writeHead = response.writeHead
    response.writeHead = /** @type {any} */ (
      (/** @type {number} */ status, /** @type {Record<string, string>} */ headers) => {
        if (status === 201 || headers['x-last-uuid'] === uuid) note('stored')
        else if (status === 409) note('conflict')
        return writeHead.call(response, status, headers)
      }
    )
    return handler(request, response)
  }
}
