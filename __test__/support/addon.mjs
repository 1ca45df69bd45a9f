// The addon as a host loads it, and a host that records what it is told.

import { createRequire } from 'node:module'
import { reset } from 'session-ingress/testing'
import './binary.mjs'

// Whatever proxies the machine has, the servers of the tests are on it.
process.env.NO_PROXY = process.env.no_proxy = '127.0.0.1,localhost'

/** @type {typeof import('../../index.js')} */
export const addon = createRequire(import.meta.url)('../../index.js')

/** What concerns connections is up to the environment. */
const OF_ENVIRONMENT = { tls: null, proxy: undefined }

/** Short waits, as many attempts as ever. */
export const QUICK = { baseDelayMs: 1, maxDelayMs: 2 }

/**
 * Configures a host with the token `token` for the time of a test, and clears all sessions.
 *
 * @param {import('node:test').TestContext} t
 * @param {import('../../index.js').ConfigureOptions} [options] what differs
 */
export function useHost(t, options = {}) {
  /** What was told in order: `['debug', line]`, `['diagnostic', …arguments]`, `['error', error]`. @type {any[][]} */
  const told = []
  reset()
  addon.configure({
    getSessionIngressAuthToken: () => 'token',
    logForDebugging: (...line) => told.push(['debug', ...line]),
    logForDiagnosticsNoPII: (...diagnostic) => told.push(['diagnostic', ...diagnostic]),
    logError: (...error) => told.push(['error', ...error]),
    retry: QUICK,
    ...options,
  })
  t.after(reset)
  const of = (/** @type {string} */ kind) => told.filter(([first]) => first === kind).map(([, ...rest]) => rest)
  return {
    told,
    get debugLines() {
      return of('debug').map(([line]) => line)
    },
    /** The arguments of each diagnostic. */
    get diagnostics() {
      return of('diagnostic')
    },
    /** The event of each diagnostic. */
    get events() {
      return of('diagnostic').map(([, event]) => event)
    },
    get errors() {
      return of('error').map(([error]) => error)
    },
  }
}

/**
 * Has the addon see these variables for the time of a test; `undefined` is none.
 *
 * @param {import('node:test').TestContext} t
 * @param {Record<string, string | undefined>} variables
 */
export function useVariables(t, variables) {
  const before = Object.fromEntries(Object.keys(variables).map((name) => [name, process.env[name]]))
  const set = (/** @type {Record<string, string | undefined>} */ values) => {
    // Those that are none first: on Windows `https_proxy` and `HTTPS_PROXY` are one variable.
    for (const [name, value] of Object.entries(values)) if (value === undefined) delete process.env[name]
    for (const [name, value] of Object.entries(values)) if (value !== undefined) process.env[name] = value
    // Naming them has the environment read anew.
    addon.configure(OF_ENVIRONMENT)
  }
  set(variables)
  t.after(() => set(before))
}

let uuids = 0

/** An entry with a uuid of its own. @param {Record<string, unknown>} [more] */
export function createEntry(more = {}) {
  uuids += 1
  return { uuid: `00000000-0000-4000-8000-${String(uuids).padStart(12, '0')}`, type: 'user', ...more }
}
