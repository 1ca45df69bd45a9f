// The picture of an outage: entries that wait, bytes in the folder, and memory, before, in and after it.

import { area, COLORS, curve, line, round, svg, text } from '../../shared/svg.mjs'
import { formatNumber } from './format.mjs'

const WIDTH = 760
const LEFT = 64
const RIGHT = 28
const TOP = 92
const PANEL = 90
const BETWEEN = 44
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000]

/** @typedef {{ at: number, waiting: number, disk: number, memory: number }} Sample */

/** @param {{ samples: Sample[], outage: [from: number, to: number] }} run */
export function drawOutage({ samples, outage }) {
  const end = samples.at(-1)?.at ?? 1
  const x = (/** @type {number} */ at) => LEFT + (at / end) * (WIDTH - LEFT - RIGHT)
  const panels = [
    { name: 'Entries that wait', unit: '', of: (/** @type {Sample} */ { waiting }) => waiting },
    { name: 'The folder', unit: 'MB', of: (/** @type {Sample} */ { disk }) => disk },
    { name: 'Memory of the process', unit: 'MB', of: (/** @type {Sample} */ { memory }) => memory },
  ]
  const bottom = TOP + panels.length * (PANEL + BETWEEN) - BETWEEN
  const [from, to] = outage.map(x)
  const shapes = [
    text(24, 34, 'An outage of 30 seconds, and the recovery from it', { size: 17, weight: 600 }),
    text(24, 55, '500 entries a second (1.4 MB) of four sessions; grey: the server is away', { color: COLORS.quiet }),
    `<rect x="${round(from)}" y="${TOP - 8}" width="${round(to - from)}" height="${bottom - TOP + 8}" fill="${COLORS.grid}" fill-opacity="0.6"/>`,
    ...panels.flatMap((panel, index) => drawPanel(TOP + index * (PANEL + BETWEEN), panel, samples, x)),
  ]
  for (let at = 0; at <= end; at += 5000) {
    shapes.push(text(x(at), bottom + 20, formatNumber(at / 1000), { anchor: 'middle', color: COLORS.quiet, size: 12 }))
  }
  shapes.push(text(WIDTH - RIGHT, bottom + 38, 'seconds', { anchor: 'end', color: COLORS.quiet, size: 12 }))
  const most = Math.max(...samples.map(({ waiting }) => waiting))
  const said = `${formatNumber(most)} entries wait at its end, and none when it is over`
  return svg(
    WIDTH,
    bottom + 54,
    `Entries that wait, the folder of an outbox and memory over an outage: ${said}`,
    shapes,
  )
}

/**
 * @param {number} top
 * @param {{ name: string, unit: string, of: (sample: Sample) => number }} panel
 * @param {Sample[]} samples
 * @param {(at: number) => number} x
 */
function drawPanel(top, { name, unit, of }, samples, x) {
  const most = Math.max(1, ...samples.map(of))
  const step = STEPS.find((size) => most / size <= 4) ?? 50_000
  const ceiling = Math.ceil(most / step) * step
  const y = (/** @type {number} */ value) => top + PANEL - (value / ceiling) * PANEL
  const shapes = [text(LEFT, top - 14, unit ? `${name}, ${unit}` : name, { weight: 600 })]
  for (let value = 0; value <= ceiling; value += step) {
    const label = text(LEFT - 8, y(value) + 4, formatNumber(value), { anchor: 'end', color: COLORS.quiet, size: 12 })
    shapes.push(line(LEFT, y(value), WIDTH - RIGHT, y(value)), label)
  }
  /** @type {[number, number][]} */
  const points = samples.map((sample) => [x(sample.at), y(of(sample))])
  const [[first], [last]] = [points[0], points[points.length - 1]]
  shapes.push(area([[first, top + PANEL], ...points, [last, top + PANEL]], COLORS.ours), curve(points, COLORS.ours))
  return shapes
}
