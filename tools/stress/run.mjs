// Appends thousands of entries through faults and checks each: stored once, in order.
//
//   npm run stress -- [--seed N] [--entries 10000] [--sessions 50] [--seeds 1] [--rules ours,two,again,old]

import { parseArgs } from 'node:util'
import { runStress } from './stress.mjs'

/** @type {Record<string, { name: string, options: Partial<import('./stress.mjs').Options> }>} */
const RULES = {
  ours: { name: 'session-ingress', options: {} },
  two: { name: 'session-ingress, two processes', options: { processes: 2 } },
  again: { name: 'session-ingress, two attempts, then again', options: { attempts: 2, again: true } },
  old: { name: 'old module: adopt and resend', options: { rule: 'old' } },
}

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    seeds: { type: 'string', default: '1' },
    entries: { type: 'string', default: '10000' },
    sessions: { type: 'string', default: '50' },
    rules: { type: 'string', default: Object.keys(RULES).join(',') },
  },
})
const [first, seeds, entries, sessions] = ['seed', 'seeds', 'entries', 'sessions'].map((name) => {
  const value = values[/** @type {'seed'} */ (name)]
  if (!/^\d+$/.test(value)) fail(`--${name} ${value} is no number`)
  return Number(value)
})
const rules = values.rules.split(',')
for (const rule of rules) if (!(rule in RULES)) fail(`--rules ${rule}: there are ${Object.keys(RULES).join(', ')}`)

for (let seed = first; seed < first + seeds; seed += 1) {
  console.log(`seed ${seed}`)
  const rows = []
  for (const rule of rules) {
    const { name, options } = RULES[rule]
    const { problems, conditions, ...verdict } = await runStress({ seed, entries, sessions, ...options })
    const { faults, conflicts, meanwhiles, secondWriter, kills, longestOutage, seconds } = conditions
    rows.push({
      rule: name,
      entries: verdict.entries,
      stored: verdict.stored,
      doubled: verdict.doubled,
      lost: verdict.lost,
      'out of order': verdict.outOfOrder,
      false: verdict.failed,
      faults: Object.values(faults).reduce((sum, times) => sum + times, 0),
      conflicts,
      'second writer': secondWriter,
      'of them meanwhile': meanwhiles,
      kills,
      'longest outage ms': Math.round(longestOutage),
      seconds: Math.round(seconds),
    })
    // The old rule is there to show that the faults bite.
    if (rule !== 'old' && problems.length > 0) {
      process.exitCode = 1
      console.error(
        [`${name} FAILED with --seed ${seed} --entries ${entries} --sessions ${sessions}:`, ...problems].join('\n  '),
      )
    }
    if (seeds === 1) console.log(`${name}:`, faults)
  }
  console.table(rows)
}

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(message)
  process.exit(2)
}
