// The service of a soak, in a process of its own: mild faults, and no memory of sessions that are long over.

import { resetAfter, resetBefore, status, statusAfter } from '../../lib/testing/faults.js'
import { startService } from '../../lib/testing/service.js'
import { truncated } from '../shared/faults.mjs'
import { choose, createRandom } from '../shared/random.mjs'
import { LatestSessions } from './latest-sessions.mjs'

/** @typedef {import('../../lib/testing/faults.js').Fault} Fault */

const SESSIONS_KEPT = 500

/** Of a hundred requests about three meet one. @type {Record<string, [weight: number, fault: Fault][]>} */
const FAULTS = {
  PUT: [
    [0.006, resetBefore],
    [0.006, resetAfter],
    [0.006, statusAfter(502)],
    [0.006, status(503, { 'retry-after': '0' })],
    [0.006, status(429)],
  ],
  // A read is made once.
  GET: [
    [0.005, status(500)],
    [0.005, resetBefore],
    [0.005, truncated],
  ],
}

const random = createRandom(process.argv[2])
const { port } = await startService({
  store: new LatestSessions(SESSIONS_KEPT),
  around: (handler) => (request, response) =>
    (choose(random, FAULTS[request.method]) ?? ((same) => same))(handler)(request, response),
})
process.send?.(port)
process.on('disconnect', () => process.exit())
