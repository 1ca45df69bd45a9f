// Whether the lines of a soak are flat: the last quarter beside the first one after the warm-up.

/** @typedef {import('./sample.mjs').Sample} Sample */

/**
 * @typedef {object} Line
 * @property {Exclude<keyof Sample, 'seconds'>} of
 * @property {string} label
 * @property {string} unit
 * @property {string} bound in words
 * @property {(first: number, last: number) => boolean} isFlat
 *
 * @typedef {Line & { first: number, last: number, flat: boolean }} Judged medians of the quarters
 */

/** @param {number} share @param {number} plus @param {string} unit @returns {Pick<Line, 'bound' | 'isFlat'>} */
const grows = (share, plus, unit) => ({
  bound: `at most ${share * 100} % + ${plus}${unit && ` ${unit}`} more`,
  isFlat: (first, last) => last <= first * (1 + share) + plus,
})

/** @type {Line[]} */
export const LINES = [
  { of: 'rss', label: 'Resident memory', unit: 'MB', ...grows(0.03, 3, 'MB') },
  { of: 'heap', label: 'JavaScript heap', unit: 'MB', ...grows(0.03, 0.5, 'MB') },
  { of: 'external', label: 'External memory', unit: 'MB', ...grows(0.05, 1, 'MB') },
  { of: 'threads', label: 'Threads', unit: '', ...grows(0, 1, '') },
  // Each of the sessions that live at a time may have a connection under way, or none.
  { of: 'descriptors', label: 'File descriptors', unit: '', ...grows(0, 32, '') },
  { of: 'sockets', label: 'Sockets', unit: '', ...grows(0, 32, '') },
  // What else runs on the machine shows here, and is nobody's leak.
  { of: 'delay', label: 'Event-loop delay (99 %)', unit: 'ms', ...grows(1, 20, 'ms') },
  {
    of: 'rate',
    label: 'Operations a second',
    unit: '',
    bound: 'at least 70 % as many',
    isFlat: (first, last) => last >= first * 0.7,
  },
]

/** What a process gathers once and keeps takes the first minutes. @param {number} seconds the whole time */
export const warmUp = (seconds) => Math.min(180, seconds * 0.25)

/** @param {Sample[]} samples @returns {Judged[]} */
export function judge(samples) {
  const settled = samples.filter(({ seconds }) => seconds > warmUp(samples.at(-1)?.seconds ?? 0))
  const quarter = Math.floor(settled.length / 4)
  if (quarter === 0) throw new Error('a soak takes longer: at least some seconds')
  return LINES.map((line) => {
    const values = settled.map((sample) => sample[line.of])
    const [first, last] = [median(values.slice(0, quarter)), median(values.slice(-quarter))]
    // A system that does not say is not judged.
    return { ...line, first, last, flat: Number.isNaN(first) || line.isFlat(first, last) }
  })
}

/** @param {number[]} values */
function median(values) {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)]
}
