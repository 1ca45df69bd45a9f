// The picture of a soak: a small panel for each line, over the same time.

import { bar, COLORS, curve, line, svg, text } from '../shared/svg.mjs'
import { warmUp } from './judge.mjs'

/** @typedef {import('./judge.mjs').Judged} Judged */
/** @typedef {import('./sample.mjs').Sample} Sample */

const WIDTH = 760
const LEFT = 56
const RIGHT = 28
const TOP = 92
const PANEL = 56
const BETWEEN = 40
/** Seconds between two marks on the time axis. */
const STEPS = [1, 5, 10, 30, 60, 120, 300, 600, 1800]

/** @param {Sample[]} samples @param {Judged[]} judged @param {string} about what was done */
export function drawSoak(samples, judged, about) {
  const end = samples.at(-1)?.seconds ?? 0
  const shown = judged.filter(({ first }) => !Number.isNaN(first))
  const shapes = [
    text(24, 34, `A process that appends and reads for ${formatTime(end)}`, { size: 17, weight: 600 }),
    text(24, 55, about, { color: COLORS.quiet }),
    ...shown.flatMap((panel, index) => drawPanel(TOP + index * (PANEL + BETWEEN), samples, panel, end)),
  ]
  const bottom = TOP + shown.length * (PANEL + BETWEEN) - BETWEEN
  const step = STEPS.find((size) => end / size <= 6) ?? 3600
  for (let time = 0; time <= end + 1; time += step) {
    shapes.push(
      text(xOf(time, end), bottom + 20, formatTime(time), { anchor: 'middle', color: COLORS.quiet, size: 12 }),
    )
  }
  const said = shown.map(({ label, first, last, unit }) => `${label} ${change(first, last, unit)}`).join('; ')
  return svg(WIDTH, bottom + 36, `First quarter after the warm-up, and last quarter: ${said}`, shapes)
}

/** @param {number} top @param {Sample[]} samples @param {Judged} panel @param {number} end */
function drawPanel(top, samples, { of, label, unit, first, last, flat }, end) {
  const bottom = top + PANEL
  const values = samples.map((sample) => sample[of])
  // From nothing, so that what looks flat is flat.
  const most = niceCeiling(Math.max(...values, 1))
  const height = (/** @type {number} */ value) => bottom - (value / most) * PANEL
  const color = flat ? COLORS.ours : COLORS.old
  const quiet = { anchor: 'end', color: COLORS.quiet, size: 12 }
  return [
    bar(LEFT, top, xOf(warmUp(end), end) - LEFT, PANEL, COLORS.grid),
    line(LEFT, bottom, WIDTH - RIGHT, bottom),
    line(LEFT, top, WIDTH - RIGHT, top),
    text(LEFT, top - 8, label, { weight: 600 }),
    text(WIDTH - RIGHT, top - 8, change(first, last, unit), { ...quiet, color }),
    text(LEFT - 8, top + 5, formatNumber(most), quiet),
    text(LEFT - 8, bottom + 4, '0', quiet),
    curve(
      samples.map((sample) => [xOf(sample.seconds, end), height(sample[of])]),
      color,
    ),
  ]
}

/** @param {number} first @param {number} last @param {string} unit */
export const change = (first, last, unit) => `${formatNumber(first)} → ${formatNumber(last)}${unit && ` ${unit}`}`

/** @param {number} value */
const formatNumber = (value) => value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0 })

/** @param {number} seconds */
export function formatTime(seconds) {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${formatNumber(Math.round(seconds / 30) / 2)} min`
}

/** @param {number} time @param {number} end */
const xOf = (time, end) => LEFT + (time / end) * (WIDTH - LEFT - RIGHT)

/** @param {number} value */
function niceCeiling(value) {
  const power = 10 ** Math.floor(Math.log10(value))
  return /** @type {number} */ ([1, 1.5, 2, 3, 5, 7, 10].find((step) => step * power >= value)) * power
}
