// The table on a terminal.

const HEADINGS = ['work', 'old module', 'undici', 'session-ingress', 'floor', '÷ old', '÷ undici', 'goal', '']

/** @param {import('./table.mjs').Table} table */
export function formatTerminal({ lines, growth, outbox }) {
  const rows = lines.flatMap(({ label, cells, ratios, verdicts }) => {
    const [first, ...more] = verdicts.map(formatVerdict)
    const rest = more.map((verdict) => ['', '', '', '', '', '', '', ...verdict])
    return [[label, ...cells, ...ratios, ...(first ?? ['', ''])], ...rest]
  })
  const parts = rows.length > 0 ? [align([HEADINGS, ...rows])] : []
  for (const { label, sizes, lines: costs } of growth) {
    const rows = costs.map(({ of, cells, verdict }) => [of, ...cells, ...(verdict ? formatVerdict(verdict) : ['', ''])])
    parts.push(align([[label, ...sizes, 'goal', ''], ...rows]))
  }
  if (outbox.length > 0) {
    const rows = outbox.map(({ label, cells, ratio, verdict }) => [
      label,
      ...cells,
      ratio,
      ...(verdict ? formatVerdict(verdict) : ['', '']),
    ])
    parts.push(align([['work', 'without an outbox', 'with it', '÷ without', 'goal', ''], ...rows]))
  }
  return parts.join('\n\n').replaceAll('`', '')
}

function formatVerdict({ text, measured, met }) {
  return [text, `${met ? 'met' : 'MISSED'}: ${measured}`]
}

function align(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
