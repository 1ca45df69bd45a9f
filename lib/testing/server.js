// The server of a test: the service, with faults that can be scripted, and a record of the requests.

const { FaultScript } = require('./fault-script.js')
const { FileStore } = require('./file-store.js')
const { MemoryStore } = require('./memory-store.js')
const { logPath, tokenOf } = require('./protocol.js')
const { startService } = require('./service.js')

const OPTIONS = ['dir', 'host', 'port', 'token']

/** @param {import('./index.js').ServerOptions} [options] @returns {Promise<import('./index.js').IngressServer>} */
async function startIngressServer(options = {}) {
  for (const key of Object.keys(options)) {
    if (!OPTIONS.includes(key)) throw new TypeError(`startIngressServer: there is no option ${key}`)
  }
  const { dir, host, port, token } = options
  const store = dir === undefined ? new MemoryStore() : await FileStore.open(dir)
  const faults = new FaultScript()
  /** @type {import('./index.js').RecordedRequest[]} */
  const requests = []
  const around = (/** @type {import('./protocol.js').Handler} */ handler) => recording(faults.around(handler), requests)
  const service = await startService({ store, host, port, token, around })
  return {
    url: service.url,
    port: service.port,
    requests,
    faults,
    logUrl: (id) => service.url + logPath(id),
    log: (id) => store.entries(id).map(({ text }) => JSON.parse(text)),
    set: async (id, entries) => store.replace(id, entries.map(toStored)),
    close: service.close,
  }
}

/** @param {any} entry @returns {import('./memory-store.js').StoredEntry} */
function toStored(entry) {
  if (typeof entry !== 'object' || entry === null) throw new TypeError('each entry of a log must be an object')
  return { uuid: entry.uuid, text: JSON.stringify(entry) }
}

/** @param {import('./protocol.js').Handler} handler @param {import('./index.js').RecordedRequest[]} requests @returns {import('./protocol.js').Handler} */
function recording(handler, requests) {
  return (request, response) => {
    const { method, url, headers, body } = request
    const { authorization, ...others } = headers
    const recorded = { method, path: url, headers: others, body }
    // Not enumerable: what is printed of a request, and a snapshot of it, hold no token.
    Object.defineProperty(recorded, 'token', { value: tokenOf(headers) })
    requests.push(/** @type {import('./index.js').RecordedRequest} */ (recorded))
    return handler(request, response)
  }
}

module.exports = { startIngressServer }
