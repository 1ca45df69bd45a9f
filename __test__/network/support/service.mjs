// The service behind what is tested, and entries for it.

import { FileStore } from '../../../lib/testing/file-store.js'
import { startService as startServer } from '../../../lib/testing/service.js'
import { findPort } from '../../../tools/shared/ports.mjs'
import { createFolder } from '../../support/package.mjs'

/**
 * The development service for the time of a test, which counts what reaches it.
 *
 * @param {import('./program.mjs').Context} t
 * @param {{ around?: import('../../../lib/testing/faults.js').Fault }} [options]
 */
export async function startService(t, { around = (handler) => handler } = {}) {
  /** @type {Record<string, number>} */
  const requests = { PUT: 0, GET: 0 }
  /** The headers of each request. @type {import('node:http').IncomingHttpHeaders[]} */
  const headers = []
  const dir = createFolder(t)
  const start = async (/** @type {number} */ port) =>
    startServer({
      store: await FileStore.open(dir),
      port,
      around: (handler) => {
        const inner = around(handler)
        return (request, response) => {
          requests[request.method] += 1
          headers.push(request.headers)
          return inner(request, response)
        }
      },
    })
  let service = await start(await findPort())
  t.after(() => service.close())
  const { port, url } = service
  return {
    port,
    url,
    requests,
    headers,
    log: (/** @type {string} */ id) => readLog(url, id),
    close: () => service.close(),
    /** Starts it again, with what is stored. */
    reopen: async () => {
      service = await start(port)
    },
  }
}

/** What is stored, asked without anything in between. @param {string} base @param {string} id @returns {Promise<any[]>} */
async function readLog(base, id) {
  const response = await fetch(urlOf(base, id), { headers: { Authorization: 'Bearer token' } })
  if (response.status === 404) return []
  return /** @type {any} */ (await response.json()).loglines
}

/** @param {string} base @param {string} id */
export const urlOf = (base, id) => `${base}/v1/session_ingress/session/${id}`

/** @param {string} id @param {number} count */
export const createEntries = (id, count) =>
  Array.from({ length: count }, (_, n) => ({ uuid: `${id}-${n}`, type: 'user', text: `ünï ${n}` }))
