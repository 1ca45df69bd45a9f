// What is asked of the outbox: the same work without and with it, in turn.

/**
 * @typedef {object} OutboxRow
 * @property {string} work a workload
 * @property {string} metric
 * @property {string} label
 * @property {'ms' | 'µs' | 'MB' | ''} unit
 * @property {number} [atMost] what the goal allows: times what it is without an outbox
 * @property {number} [more] or that much more than without one
 * @property {number} [value] or so much
 */

const OUTAGE_SESSIONS = 4
const MEMORY_OF_A_SESSION_MB = 4
const MEMORY_OF_AN_ENTRY_MB = 200 / 1e6
const OUTAGE_ENTRIES = 15_000

/** @type {OutboxRow[]} */
export const OUTBOX_ROWS = [
  { work: 'outbox/appends', metric: 'wall', label: '10,000 appends, 64 sessions', unit: 'ms', atMost: 1.1 },
  { work: 'outbox/appends', metric: 'active', label: '… JavaScript thread, per append', unit: 'µs', more: 0.5 },
  { work: 'outbox/appends', metric: 'total', label: '… CPU time of the whole process, per append', unit: 'µs' },
  { work: 'outbox/appends', metric: 'written', label: '… written to the disk', unit: 'MB' },
  { work: 'outbox/far', metric: 'wall', label: 'The same, 50 ms away', unit: 'ms', atMost: 1.05 },
  {
    work: 'outbox/far',
    metric: 'total',
    label: '… CPU time of the whole process, per append',
    unit: 'µs',
    more: 10,
  },
  { work: 'outbox/far', metric: 'written', label: '… written to the disk', unit: 'MB' },
  { work: 'outbox/near', metric: 'wall', label: 'The same, 3 ms away', unit: 'ms', atMost: 1.3 },
  { work: 'outbox/near', metric: 'written', label: '… written to the disk', unit: 'MB' },
  { work: 'outbox/first', metric: 'wall', label: 'First append of a session', unit: 'ms', more: 0.5 },
  {
    work: 'outbox/recovery',
    metric: 'wall',
    label: '10,000 entries (28 MB): appended; left behind, and recovered',
    unit: 'ms',
    atMost: 1.3,
  },
  { work: 'outbox/recovery', metric: 'overhead', label: '… bytes on the disk for each of them', unit: '', value: 1.02 },
  {
    work: 'outbox/outage',
    metric: 'grown',
    label: 'Memory that an outage adds: 15,000 entries (42 MB) of 4 sessions',
    unit: 'MB',
    value: OUTAGE_SESSIONS * MEMORY_OF_A_SESSION_MB + OUTAGE_ENTRIES * MEMORY_OF_AN_ENTRY_MB,
  },
  { work: 'outbox/outage', metric: 'left', label: '… when all is delivered', unit: 'MB' },
  { work: 'outbox/outage', metric: 'disk', label: '… the folder then', unit: 'MB' },
]
