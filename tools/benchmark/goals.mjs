// What is shown, and what is asked of it: the goals, by their numbers.

/**
 * @typedef {{ variant: string, metric: string, label: string }} Floor
 *
 * @typedef {object} Goal
 * @property {number} number names the goal in the table
 * @property {number} atMost a ratio where there is something to compare with, else a value
 * @property {string | Floor} [over] the peer or the floor whose median is 1
 * @property {'best' | 'median'} [of] which of the runs counts; the median by default
 *
 * @typedef {object} Row
 * @property {string} work a workload
 * @property {string} metric what its runs measured under this name
 * @property {string} label
 * @property {'ms' | 'µs' | 'MB' | ''} unit
 * @property {Floor} [floor] what no client can do without
 * @property {Goal[]} [goals]
 */

const batches = { variant: 'batches', label: 'plain loop over batches' }
const fromBytes = { variant: 'parse', metric: 'wall', label: '`JSON.parse(bytes.toString())`' }
const fromText = { variant: 'parse', metric: 'parse', label: '`JSON.parse(text)`' }

/** @type {Row[]} */
export const ROWS = [
  {
    work: 'load',
    metric: 'ms',
    label: 'Load the module',
    unit: 'ms',
    goals: [{ number: 1, atMost: 0.045, over: 'axios' }],
  },
  {
    work: 'appends',
    metric: 'wall',
    label: '10,000 appends, 64 sessions',
    unit: 'ms',
    goals: [
      { number: 2, atMost: 0.09, over: 'axios' },
      { number: 2, atMost: 0.4, over: 'undici' },
    ],
  },
  {
    work: 'appends',
    metric: 'active',
    label: '… JavaScript thread, per append',
    unit: 'µs',
    floor: { variant: 'addon', metric: 'stringify', label: '`JSON.stringify`' },
    goals: [{ number: 2, atMost: 0.06, over: 'axios' }],
  },
  { work: 'appends', metric: 'cpu', label: '… its CPU time', unit: 'µs' },
  {
    work: 'appends',
    metric: 'total',
    label: '… CPU time of the whole process, per append',
    unit: 'µs',
    goals: [{ number: 2, atMost: 0.45, over: 'undici' }],
  },
  { work: 'appends', metric: 'server', label: '… CPU time of the server, per append', unit: 'µs' },
  {
    work: 'in-a-row',
    metric: 'wall',
    label: '3,000 appends one after the other',
    unit: 'ms',
    floor: { variant: 'bare', metric: 'wall', label: 'a bare socket' },
    goals: [{ number: 3, atMost: 0.8, over: 'undici' }],
  },
  { work: 'in-a-row', metric: 'active', label: '… JavaScript thread, per append', unit: 'µs' },
  {
    work: 'in-a-row',
    metric: 'total',
    label: '… CPU time of the whole process, per append',
    unit: 'µs',
    goals: [{ number: 3, atMost: 0.6, over: 'undici' }],
  },
  {
    work: 'read',
    metric: 'wall',
    label: 'Read 50,000 entries (137 MB)',
    unit: 'ms',
    floor: fromBytes,
    goals: [
      { number: 4, atMost: 1, over: fromBytes },
      { number: 4, atMost: 1, over: fromText },
      { number: 4, atMost: 0.8, over: 'undici' },
    ],
  },
  {
    work: 'read',
    metric: 'hold',
    label: '… longest hold of the event loop',
    unit: 'ms',
    floor: { ...batches, metric: 'hold' },
    goals: [{ number: 4, atMost: 10, of: 'best' }],
  },
  {
    work: 'timeline',
    metric: 'own',
    label: '… without the garbage collector’s part',
    unit: 'ms',
    goals: [{ number: 4, atMost: 5, of: 'best' }],
  },
  {
    work: 'read',
    metric: 'peak',
    label: '… peak memory',
    unit: 'MB',
    floor: { ...batches, metric: 'peak' },
    goals: [{ number: 4, atMost: 0.4, over: 'axios' }],
  },
  {
    work: 'beside-a-read',
    metric: 'slowest',
    label: '… the slowest append of another session meanwhile',
    unit: 'ms',
    goals: [{ number: 4, atMost: 0.1, over: 'undici' }],
  },
  {
    work: 'teleport',
    metric: 'wall',
    label: '50 teleport pages of 1,000',
    unit: 'ms',
    goals: [{ number: 5, atMost: 0.75, over: 'undici' }],
  },
  {
    work: 'teleport',
    metric: 'hold',
    label: '… longest hold of the event loop',
    unit: 'ms',
    goals: [{ number: 5, atMost: 10, of: 'best' }],
  },
  { work: 'teleport', metric: 'peak', label: '… peak memory', unit: 'MB' },
  {
    work: 'small-read',
    metric: 'later',
    label: 'Read 1,000 entries (2.8 MB)',
    unit: 'ms',
    goals: [{ number: 6, atMost: 0.85, over: 'undici' }],
  },
  { work: 'small-read', metric: 'first', label: '… as the first request of a process', unit: 'ms' },
  {
    work: 'entry-sizes',
    metric: 'large',
    label: 'Append an entry of 12 MB',
    unit: 'ms',
    goals: [{ number: 6, atMost: 1, over: 'undici' }],
  },
  {
    work: 'entry-sizes',
    metric: 'small',
    label: 'Append an entry of 100 bytes',
    unit: 'ms',
    goals: [{ number: 6, atMost: 1, over: 'undici' }],
  },
  { work: 'entry-sizes', metric: 'first', label: '… as the first request of a process', unit: 'ms' },
  { work: 'idle', metric: 'memory', label: 'Memory that loading adds', unit: 'MB', goals: [{ number: 7, atMost: 5 }] },
  { work: 'idle', metric: 'memoryUsed', label: '… and the first append', unit: 'MB' },
  { work: 'idle', metric: 'threads', label: 'Threads that loading adds', unit: '' },
  { work: 'idle', metric: 'threadsUsed', label: '… and the first append', unit: '' },
  {
    work: 'memory',
    metric: 'grown',
    label: 'Memory kept after 100,000 appends and 200 reads',
    unit: 'MB',
    // Back where it was, but for what an allocator does not give back.
    goals: [{ number: 7, atMost: 10 }],
  },
  {
    work: 'appends-tls',
    metric: 'wall',
    label: 'Over TLS: 10,000 appends, 64 sessions',
    unit: 'ms',
    goals: [{ number: 9, atMost: 0.3, over: 'undici' }],
  },
  {
    work: 'in-a-row-tls',
    metric: 'wall',
    label: 'Over TLS: 3,000 appends one after the other',
    unit: 'ms',
    goals: [{ number: 9, atMost: 0.75, over: 'undici' }],
  },
  {
    work: 'read-tls',
    metric: 'wall',
    label: 'Over TLS: read 50,000 entries (137 MB)',
    unit: 'ms',
    goals: [{ number: 9, atMost: 0.5, over: 'undici' }],
  },
  {
    work: 'read-tls',
    metric: 'hold',
    label: '… longest hold of the event loop',
    unit: 'ms',
    goals: [{ number: 9, atMost: 10, of: 'best' }],
  },
]

/** How cost grows: per entry, and the most that it may grow beside a smaller size. */
export const GROWTH_AT_MOST = 1.3

/** @type {{ work: string, label: string, sizes: string[], judged: boolean }[]} */
export const GROWTH = [
  {
    work: 'growth-sessions',
    label: 'appends over a number of sessions',
    sizes: ['1', '10', '100', '1000'],
    judged: true,
  },
  {
    work: 'growth-queue',
    label: 'appends queued at once on one session',
    sizes: ['10', '100', '1000', '10000', '100000'],
    judged: true,
  },
  { work: 'growth-read', label: 'entries read at once', sizes: ['1000', '10000', '100000'], judged: true },
  {
    work: 'growth-read',
    label: '… by the plain loop over batches',
    sizes: ['batches-1000', 'batches-10000', 'batches-100000'],
    judged: false,
  },
]
