// What befalls requests in a stress run, and how often. Of a hundred requests some thirty meet something.

import { delay, resetAfter, resetBefore, status, statusAfter } from '../../lib/testing/faults.js'
import { stale, stall, stallAfter, truncated, truncatedAt } from '../shared/faults.mjs'

/** @typedef {import('../../lib/testing/faults.js').Fault} Fault */

/** The clients' limit for a response, in milliseconds: what stalls ends soon. */
export const LIMIT_MS = 800

const LONGER_THAN_CLIENTS_WAIT = LIMIT_MS * 1.5

/** A 200 instead of the 201, and of its body the beginning. @type {Fault} */
const cut200 = (handler) =>
  truncatedAt(0.3)((request, response) => {
    const writeHead = response.writeHead
    response.writeHead = /** @type {any} */ (
      (/** @type {number} */ status, /** @type {any} */ headers) =>
        writeHead.call(response, status === 201 ? 200 : status, headers)
    )
    return handler(request, response)
  })

/** After these nothing is stored. @type {Record<string, [weight: number, fault: Fault]>} */
const NOT_STORED = {
  'PUT: reset before storing': [0.03, resetBefore],
  'PUT: 503': [0.015, status(503)],
  'PUT: 503, Retry-After: 0': [0.015, status(503, { 'retry-after': '0' })],
  'PUT: 503, Retry-After: 1': [0.0005, status(503, { 'retry-after': '1' })],
  'PUT: 429': [0.015, status(429)],
  'PUT: 429, Retry-After: 0': [0.015, status(429, { 'retry-after': '0' })],
  'PUT: 429, Retry-After: 1': [0.0005, status(429, { 'retry-after': '1' })],
  'PUT: stall before storing': [0.006, stall(LONGER_THAN_CLIENTS_WAIT)],
}

/** These are stored, but nobody hears of it; or only of the status. @type {Record<string, [weight: number, fault: Fault]>} */
const STORED = {
  'PUT: reset after storing': [0.06, resetAfter],
  'PUT: 502 after storing': [0.05, statusAfter(502)],
  'PUT: 408 after storing': [0.01, statusAfter(408)],
  'PUT: 204 after storing': [0.01, statusAfter(204)],
  'PUT: response truncated': [0.03, truncated],
  'PUT: 200, truncated': [0.03, cut200],
  'PUT: stall after storing': [0.006, stallAfter(LONGER_THAN_CLIENTS_WAIT)],
  // Its client has long sent the entry again.
  'PUT: stored late': [0.006, delay(LONGER_THAN_CLIENTS_WAIT)],
}

/** @type {Record<string, [weight: number, fault: Fault]>} */
const READ = {
  'GET: reset': [0.06, resetBefore],
  'GET: 500': [0.06, status(500)],
  'GET: body cut at the start': [0.04, truncatedAt(0)],
  'GET: body cut in the middle': [0.08, truncated],
  'GET: body cut at the end': [0.06, truncatedAt(0.99)],
  'GET: stale': [0.08, stale(2)],
  'GET: stall': [0.01, stall(LONGER_THAN_CLIENTS_WAIT)],
}

/** @type {Record<string, Fault>} by name */
export const FAULTS = Object.fromEntries(
  Object.entries({ ...NOT_STORED, ...STORED, ...READ }).map(([name, [, fault]]) => [name, fault]),
)

/** @param {Record<string, [weight: number, fault: Fault]>} faults @returns {[number, string][]} */
const weights = (faults) => Object.entries(faults).map(([name, [weight]]) => [weight, name])

/** For each method, by their weights. @type {Record<string, [number, string][]>} */
export const CHOICES = { PUT: [...weights(NOT_STORED), ...weights(STORED)], GET: weights(READ) }

/** The service's process is killed before it stores an entry, or between storing it and the response. */
export const KILL_BEFORE = 'PUT: kill before storing'
export const KILL_AFTER = 'PUT: kill after storing'

/** Whether an entry that meets this fault may be stored by then. @param {string} name */
export const isAfterStoring = (name) => name in STORED
