// What a run found, as the table that stands in docs/platforms.md.

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {string} built how
 * @property {string} checked what was found out about the binary itself
 * @property {string[]} testedWith
 * @property {number} passed
 * @property {string[]} failed
 * @property {string[]} skipped each with its reason
 */

/** @param {Row[]} rows */
export function writeTable(rows) {
  const head = ['platform', 'built', 'binary', 'tested with', 'passed', 'failed', 'skipped, and why']
  const cells = rows.map(({ name, built, checked, testedWith, passed, failed, skipped }) => [
    name,
    built,
    checked,
    testedWith.join('; ') || 'nothing: it does not run here',
    String(passed),
    failed.length === 0 ? '0' : `${failed.length}: ${failed.join('; ')}`,
    skipped.length === 0 ? '0' : `${skipped.length}: ${inGroups(skipped).join('; ')}`,
  ])
  const line = (/** @type {string[]} */ row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...cells.map(line)].join('\n')
}

/** Those of one file with one reason together. @param {string[]} skipped */
function inGroups(skipped) {
  /** @type {Map<string, number>} */
  const groups = new Map()
  for (const text of skipped) {
    const [, file, why] = /^([\w-]+): .*\((.+)\)$/.exec(text) ?? []
    const group = file ? `${file} (${why})` : text
    groups.set(group, (groups.get(group) ?? 0) + 1)
  }
  return [...groups].map(([group, count]) => (count === 1 ? group : `${count} of ${group}`))
}
