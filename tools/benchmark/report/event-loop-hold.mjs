// The picture of a large read as the event loop lives it: at each moment, how long a key that is pressed then
// waits until the loop looks at it. A hold is a tooth: who comes at its beginning waits for all of it.

import { area, COLORS, line, round, svg, text } from '../../shared/svg.mjs'
import { formatNumber } from './format.mjs'

const WIDTH = 760
const LEFT = 64
const RIGHT = 28
const TOP = 92
const PANEL = 140
const BETWEEN = 52

/**
 * @typedef {{ wall: number, longest: number, holds: [number, number][] }} Timeline milliseconds since the call
 * @param {{ old: Timeline, ours: Timeline }} timelines
 */
export function drawEventLoopHold({ old, ours }) {
  const end = niceCeiling(Math.max(old.wall, ours.wall), 100)
  const most = niceCeiling(Math.max(old.longest, ours.longest), 100)
  const shapes = [
    text(24, 34, 'How long a keystroke waits while a log of 50,000 entries (137 MB) is read', {
      size: 17,
      weight: 600,
    }),
    text(24, 55, 'Each moment’s wait until the event loop has its turn; both panels have the same scales', {
      color: COLORS.quiet,
    }),
    ...drawPanel(TOP, { ...old, name: 'Old module (axios)', color: COLORS.old }, end, most),
    ...drawPanel(TOP + PANEL + BETWEEN, { ...ours, name: 'session-ingress', color: COLORS.ours }, end, most),
  ]
  const bottom = TOP + 2 * PANEL + BETWEEN
  for (let time = 0; time <= end; time += step(end)) {
    shapes.push(
      text(xOf(time, end), bottom + 20, formatNumber(time), { anchor: 'middle', color: COLORS.quiet, size: 12 }),
    )
  }
  shapes.push(text(WIDTH - RIGHT, bottom + 38, 'ms since the call', { anchor: 'end', color: COLORS.quiet, size: 12 }))
  const said = `the old module holds it for ${formatNumber(old.longest)} ms, session-ingress for ${formatNumber(ours.longest)} ms`
  return svg(WIDTH, bottom + 54, `The longest hold of the event loop during a large read: ${said}`, shapes)
}

function drawPanel(top, { name, color, wall, longest, holds }, end, most) {
  const bottom = top + PANEL
  const height = (wait) => bottom - (wait / most) * PANEL
  const shapes = [text(LEFT, top - 12, `${name}: longest hold ${formatNumber(longest)} ms`, { weight: 600, color })]
  for (let wait = 0; wait <= most; wait += step(most)) {
    shapes.push(
      line(LEFT, height(wait), WIDTH - RIGHT, height(wait)),
      text(LEFT - 8, height(wait) + 4, `${formatNumber(wait)}`, { anchor: 'end', color: COLORS.quiet, size: 12 }),
    )
  }
  shapes.push(text(LEFT - 8, top - 12, 'ms', { anchor: 'end', color: COLORS.quiet, size: 12 }))
  const points = holds.flatMap(([from, to]) => [
    [xOf(from, end), bottom],
    [xOf(from, end), height(to - from)],
    [xOf(to, end), bottom],
  ])
  if (points.length > 0) shapes.push(area(points, color))
  const done = round(xOf(wall, end))
  shapes.push(
    // While it reads; a hold of a few milliseconds is hardly higher than this line.
    `<line x1="${LEFT}" y1="${bottom}" x2="${done}" y2="${bottom}" stroke="${color}" stroke-width="2"/>`,
    `<line x1="${done}" y1="${top}" x2="${done}" y2="${bottom}" stroke="${color}" stroke-dasharray="3 3"/>`,
    text(done - 6, top + 14, `done after ${formatNumber(wall)} ms`, { anchor: 'end', color: COLORS.quiet, size: 12 }),
  )
  return shapes
}

const xOf = (time, end) => LEFT + (Math.max(0, time) / end) * (WIDTH - LEFT - RIGHT)
const niceCeiling = (value, to) => Math.ceil(value / to) * to
const step = (end) => [50, 100, 200, 500, 1000, 2000].find((size) => end / size <= 6) ?? 5000
