// The workloads, in the order of the table.

/**
 * @typedef {object} Context
 * @property {string} url where the server listens
 * @property {string} tlsUrl where it does with TLS
 * @property {string} dir what it serves
 * @property {number} serverPid
 *
 * @typedef {object} Workload
 * @property {string[]} variants who does it: peers, floors, or sizes; each in a process of its own
 * @property {{ logs?: number[], pages?: number }} [needs] what the server has to have
 * @property {number} [repeats] the processes of each run
 * @property {(variant: string, context: Context) => Promise<Record<string, unknown>>} run
 */

export const WORKLOADS = [
  'load',
  'appends',
  'in-a-row',
  'read',
  'beside-a-read',
  'teleport',
  'small-read',
  'entry-sizes',
  'idle',
  'memory',
  'appends-tls',
  'in-a-row-tls',
  'read-tls',
  'growth-sessions',
  'growth-queue',
  'growth-read',
  'timeline',
  'outbox/appends',
  'outbox/far',
  'outbox/near',
  'outbox/first',
  'outbox/recovery',
  'outbox/outage',
]

/** @param {string} name @returns {Promise<Workload>} */
export async function findWorkload(name) {
  return import(`./${name}.mjs`)
}
