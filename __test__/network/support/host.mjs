// A host with an environment of its own: a worker thread that loads the addon. What the addon takes from
// `process.env` it takes from the worker's.

import { EventEmitter, once } from 'node:events'
import { Worker } from 'node:worker_threads'
import '../../support/binary.mjs'

/** What differs from test to test is given; no proxy of the machine is among it. */
const OF_THE_MACHINE = /^(?:(?:https?|all|no)_proxy|node_extra_ca_certs|claude_.*)$/i

/** @returns {NodeJS.ProcessEnv} */
export function plainEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !OF_THE_MACHINE.test(name)))
}

const FUNCTIONS = /** @type {const} */ ([
  'appendSessionLog',
  'getSessionLogs',
  'getSessionLogsViaOAuth',
  'getTeleportEvents',
  'clearSession',
  'sessionStats',
  'configure',
])

/**
 * @param {import('./program.mjs').Context} t
 * @param {object} [options]
 * @param {NodeJS.ProcessEnv} [options.env] besides the machine's
 * @param {string} [options.base] the server of OAuth and teleport reads
 * @param {Record<string, unknown>} [options.configure] what `configure` takes and can be copied
 */
export async function startHost(t, { env = {}, base = '', configure = {} } = {}) {
  const worker = new Worker(new URL('host-worker.mjs', import.meta.url), {
    env: { ...plainEnvironment(), ...env },
    workerData: { base, configure },
  })
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: any) => void }>} */
  const calls = new Map()
  /** @type {{ errors: string[], diagnostics: any[][] }} */
  const told = { errors: [], diagnostics: [] }
  const heard = new EventEmitter()
  worker.on('message', ({ id, value, error, kind, what }) => {
    if (kind !== undefined) {
      told[/** @type {keyof typeof told} */ (kind)].push(what)
      return void heard.emit('told')
    }
    const call = calls.get(id)
    calls.delete(id)
    if (error !== undefined) call?.reject(error)
    else call?.resolve(value)
  })
  worker.on('error', (error) => {
    for (const { reject } of calls.values()) reject(error)
  })
  await once(worker, 'online')
  const stop = () => worker.terminate().then(() => {})
  t.after(stop)

  let last = 0
  const call = (/** @type {string} */ name, /** @type {unknown[]} */ parameters) =>
    new Promise((resolve, reject) => {
      calls.set(++last, { resolve, reject })
      worker.postMessage({ id: last, name, parameters })
    })
  const functions = FUNCTIONS.map((name) => [name, (/** @type {unknown[]} */ ...given) => call(name, given)])
  /** @type {Record<(typeof FUNCTIONS)[number], (...parameters: any[]) => Promise<any>>} */
  const addon = Object.fromEntries(functions)
  return {
    ...addon,
    /** Messages of errors, in order. */
    errors: told.errors,
    /** Arguments of diagnostics, in order. */
    diagnostics: told.diagnostics,
    /** Those since the last call. */
    takeDiagnostics: () => told.diagnostics.splice(0),
    /** Waits for a diagnostic. @param {string} event */
    async diagnostic(event) {
      while (!told.diagnostics.some(([, name]) => name === event)) await once(heard, 'told')
    },
    /** Ends the host, and with it its connections. */
    stop,
  }
}
