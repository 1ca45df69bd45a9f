// The picture of what an append costs the JavaScript thread.

import { bar, COLORS, line, svg, text } from '../../shared/svg.mjs'
import { formatNumber } from './format.mjs'

const WIDTH = 760
const LEFT = 190
const RIGHT = 90
const TOP = 76
const STEP = 42
const BAR = 24

/** @param {{ name: string, cost: number, ours?: boolean, floor?: boolean }[]} costs µs for each append */
export function drawAppendCost(costs) {
  const scale = (WIDTH - LEFT - RIGHT) / Math.max(...costs.map(({ cost }) => cost))
  const shapes = [
    text(24, 34, 'Time on the JavaScript thread for each append', { size: 17, weight: 600 }),
    text(24, 55, '10,000 entries of about 3 KB over 64 sessions; shorter is better', { color: COLORS.quiet }),
    line(LEFT, TOP - 6, LEFT, TOP + costs.length * STEP - 8, COLORS.other),
  ]
  for (const [index, { name, cost, ours, floor }] of costs.entries()) {
    const y = TOP + index * STEP
    const color = ours ? COLORS.ours : floor ? COLORS.grid : index === 0 ? COLORS.old : COLORS.other
    const weight = ours ? 600 : 400
    shapes.push(
      text(LEFT - 12, y + 17, name, { anchor: 'end', weight, color: floor ? COLORS.quiet : COLORS.ink }),
      bar(LEFT, y, cost * scale, BAR, color),
      text(LEFT + cost * scale + 8, y + 17, `${formatNumber(cost)} µs`, { weight }),
    )
  }
  const said = costs.map(({ name, cost }) => `${name} ${formatNumber(cost)} µs`).join(', ')
  return svg(WIDTH, TOP + costs.length * STEP + 12, `Time on the JavaScript thread for each append: ${said}`, shapes)
}
