// Numbers as people read them.

/** @param {number} value */
export function formatNumber(value) {
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** @param {number} value @param {string} unit */
export const formatValue = (value, unit) => (unit === '' ? formatNumber(value) : `${formatNumber(value)} ${unit}`)

/** @param {number} ratio */
export const formatRatio = (ratio) => `${ratio.toFixed(ratio < 0.1 ? 3 : 2)} ×`

/** A median, and how far the runs lie apart. @param {import('./table.mjs').Summary} summary @param {string} unit */
export function formatSummary({ median, least, most }, unit) {
  const middle = formatValue(median, unit)
  return least === most ? middle : `${middle} (${formatNumber(least)}–${formatNumber(most)})`
}
