// The service of a soak, in a process of its own: mild faults, and no memory of sessions that are long over.

import { resetAfter, resetBefore, status, statusAfter, truncated } from '../server/faults.mjs'
import { startIngressServer } from '../server/ingress-server.mjs'
import { choose, createRandom } from '../shared/random.mjs'
import { MemoryStore } from './memory-store.mjs'

/** @typedef {import('../server/faults.mjs').Fault} Fault */

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
const { port } = await startIngressServer({
  store: new MemoryStore(SESSIONS_KEPT),
  around: (handler) => (request, response) =>
    (choose(random, FAULTS[request.method ?? '']) ?? ((same) => same))(handler)(request, response),
})
process.send?.(port)
process.on('disconnect', () => process.exit())
