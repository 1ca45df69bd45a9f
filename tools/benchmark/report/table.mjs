// From what was measured to what is said of it.

import { PEERS } from '../../shared/peers/index.mjs'
import { GROWTH, GROWTH_AT_MOST, ROWS } from '../goals.mjs'
import { median } from '../measure.mjs'
import { OUTBOX_ROWS } from '../outbox-goals.mjs'
import { formatNumber, formatRatio, formatSummary, formatValue } from './format.mjs'

/**
 * @typedef {Record<string, Record<string, Record<string, any>[]>>} Results workload → variant → runs
 * @typedef {{ median: number, least: number, most: number }} Summary
 * @typedef {{ text: string, measured: string, met: boolean }} Verdict
 * @typedef {object} Line
 * @property {string} label
 * @property {string[]} cells by peer, then the floor
 * @property {string[]} ratios ours to each other peer's
 * @property {Verdict[]} verdicts
 * @typedef {{ of: string, cells: string[], verdict?: Verdict }} GrowthLine
 * @typedef {{ label: string, sizes: string[], lines: GrowthLine[] }} Growth
 * @typedef {{ label: string, cells: string[], ratio: string, verdict?: Verdict }} OutboxLine `cells`: without and with
 * @typedef {{ lines: Line[], growth: Growth[], outbox: OutboxLine[] }} Table
 */

/** @param {Results} results @param {string} work @param {string} variant @param {string} metric */
export function summarize(results, work, variant, metric) {
  const values = (results[work]?.[variant] ?? []).map((run) => run[metric]).filter(Number.isFinite)
  if (values.length === 0) return undefined
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) }
}

/** @param {Results} results @returns {Table} */
export function judge(results) {
  return {
    lines: ROWS.filter(({ work }) => work in results).map((row) => judgeRow(results, row)),
    growth: GROWTH.filter(({ work }) => work in results).map((growth) => judgeGrowth(results, growth)),
    outbox: OUTBOX_ROWS.filter(({ work }) => work in results).map((row) => judgeOutbox(results, row)),
  }
}

/** @param {Results} results @param {import('../goals.mjs').Row} row @returns {Line} */
function judgeRow(results, { work, metric, label, unit, floor, goals = [] }) {
  const of = (variant) => summarize(results, work, variant, metric)
  const ofFloor = (which) => summarize(results, work, which.variant, which.metric)
  const ours = of('addon')
  const ratioTo = (other) => (ours && other ? ours.median / other.median : Number.NaN)

  const cells = PEERS.map((peer) => formatOptional(of(peer), unit))
  cells.push(floor ? `${floor.label}: ${formatOptional(ofFloor(floor), unit)}` : '')
  // Differences that may well be nothing make no ratios.
  const comparable = work !== 'idle' && work !== 'memory'
  const ratios = ['axios', 'undici'].map((peer) => (comparable && of(peer) ? formatRatio(ratioTo(of(peer))) : ''))
  const verdicts = goals.map((goal) => {
    const { over } = goal
    if (over === undefined) return judgeValue(goal, ours, unit)
    const ratio = ratioTo(typeof over === 'string' ? of(over) : ofFloor(over))
    const name = typeof over === 'string' ? NAMES[over] : over.label
    const text = `${goal.number}: ≤ ${goal.atMost} × ${name}`
    return { text, measured: formatRatio(ratio), met: ratio <= goal.atMost }
  })
  return { label, cells, ratios, verdicts }
}

/** @param {import('../goals.mjs').Goal} goal @param {Summary | undefined} ours @param {string} unit */
function judgeValue({ number, atMost, of = 'median' }, ours, unit) {
  const value = ours?.[of === 'best' ? 'least' : 'median'] ?? Number.NaN
  const text = `${number}: ≤ ${formatValue(atMost, unit)}${of === 'best' ? ' in the best run' : ''}`
  return { text, measured: formatValue(value, unit), met: value <= atMost }
}

/** @param {Summary | undefined} summary @param {string} unit */
const formatOptional = (summary, unit) => (summary ? formatSummary(summary, unit) : '')

/** @type {Record<string, string>} */
const NAMES = { axios: 'old module', undici: 'undici', addon: 'session-ingress' }

function judgeGrowth(results, { work, label, sizes, judged }) {
  const kinds = { wall: 'wall', active: 'JavaScript thread' }
  const lines = Object.entries(kinds).map(([metric, of]) => {
    const costs = sizes.map((size) => summarize(results, work, size, metric)?.median ?? Number.NaN)
    const growth = Math.max(...costs.map((cost, index) => cost / Math.min(...costs.slice(0, index + 1))))
    const text = `8: ≤ ${GROWTH_AT_MOST} ×`
    return {
      of: `${of}, per entry`,
      cells: costs.map((cost) => `${formatNumber(cost)} µs`),
      verdict: judged ? { text, measured: formatRatio(growth), met: growth <= GROWTH_AT_MOST } : undefined,
    }
  })
  return { label, sizes: sizes.map((size) => formatNumber(Number(size.replace('batches-', '')))), lines }
}

/** @param {Results} results @param {import('../outbox-goals.mjs').OutboxRow} row @returns {OutboxLine} */
function judgeOutbox(results, { work, metric, label, unit, atMost, more, value }) {
  const [off, on] = ['off', 'on'].map((variant) => summarize(results, work, variant, metric))
  const [without, with_] = [off?.median ?? Number.NaN, on?.median ?? Number.NaN]
  const ratio = with_ / without
  const judgements = [
    { goal: atMost, text: `10: ≤ ${atMost} × without`, measured: ratio, say: formatRatio },
    { goal: more, text: `10: ≤ ${more} ${unit} more`, measured: with_ - without, say: inUnit },
    { goal: value, text: `10: ≤ ${formatValue(value ?? 0, unit)}`, measured: with_, say: inUnit },
  ]
  const [judged] = judgements.filter(({ goal }) => goal !== undefined)
  /** @param {number} number */
  function inUnit(number) {
    return formatValue(number, unit)
  }
  return {
    label,
    cells: [formatOptional(off, unit), formatOptional(on, unit)],
    ratio: Number.isFinite(ratio) ? formatRatio(ratio) : '',
    verdict: judged && {
      text: judged.text,
      measured: judged.say(judged.measured),
      met: judged.measured <= /** @type {number} */ (judged.goal),
    },
  }
}
