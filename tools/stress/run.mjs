// Appends thousands of entries through faults and checks each: stored once, in order.
//
//   npm run stress -- [--seed N] [--entries 10000] [--sessions 50] [--seeds 1] [--rules ours,two,…] [--kills 2000]
//
// The rules `killed…` kill hosts with an outbox, `--kills` times.

import { parseArgs } from 'node:util'
import { runKills } from './killed/run.mjs'
import { runStress } from './stress.mjs'

/** Of `control`s the check must find something: they show that the faults bite. @type {Record<string, { name: string, options: Partial<import('./stress.mjs').Options>, control?: boolean }>} */
const RULES = {
  ours: { name: 'session-ingress', options: {} },
  two: { name: 'session-ingress, two processes', options: { processes: 2 } },
  again: { name: 'session-ingress, two attempts, then again', options: { attempts: 2, again: true } },
  old: { name: 'old module: adopt and resend', options: { rule: 'old' }, control: true },
  repeated: {
    name: 'session-ingress, verifyConflicts, behind a proxy that repeats',
    options: { repeats: true, verifyConflicts: true },
  },
  unverified: { name: 'session-ingress, behind the same proxy', options: { repeats: true }, control: true },
  stopped: { name: 'session-ingress, stopped now and then', options: { stops: true } },
  // The number of entries that the promise speaks of, and one session, whatever was asked for.
  eight: {
    name: 'session-ingress, eight processes, one session',
    options: { processes: 8, sessions: 1, entries: 480 },
  },
}
/** Of hosts that are killed. Without an outbox, and with one attempt for each append, the check must find gaps. @type {Record<string, { name: string, options: Partial<import('./killed/run.mjs').Options>, control?: boolean }>} */
const KILLED = {
  killed: { name: 'an outbox', options: {} },
  'killed-shared': { name: 'one outbox of two hosts, and a session of both', options: { shared: true } },
  'killed-full': { name: 'an outbox on a disk that is full now and then', options: { full: 'disk' } },
  'killed-memory': { name: 'no outbox', options: { outbox: false, attempts: 1 }, control: true },
}
// Processes cannot be stopped there.
if (process.platform === 'win32') delete RULES.stopped

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    seeds: { type: 'string', default: '1' },
    entries: { type: 'string', default: '10000' },
    sessions: { type: 'string', default: '50' },
    rules: { type: 'string', default: Object.keys({ ...RULES, ...KILLED }).join(',') },
    kills: { type: 'string', default: '2000' },
  },
})
const [first, seeds, entries, sessions, kills] = ['seed', 'seeds', 'entries', 'sessions', 'kills'].map((name) => {
  const value = values[/** @type {'seed'} */ (name)]
  if (!/^\d+$/.test(value)) fail(`--${name} ${value} is no number`)
  return Number(value)
})
const rules = values.rules.split(',')
const known = Object.keys({ ...RULES, ...KILLED })
for (const rule of rules) if (!known.includes(rule)) fail(`--rules ${rule}: there are ${known.join(', ')}`)

for (let seed = first; seed < first + seeds; seed += 1) {
  console.log(`seed ${seed}`)
  const rows = []
  const killed = rules.filter((rule) => rule in KILLED)
  for (const rule of rules.filter((rule) => rule in RULES)) {
    const { name, options, control = false } = RULES[rule]
    const { problems, conditions, ...verdict } = await runStress({ seed, entries, sessions, ...options })
    const { faults, conflicts, mostConflicts, meanwhiles, secondWriter, kills, longestOutage, seconds } = conditions
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
      'of one entry': mostConflicts,
      repeated: conditions.repeated,
      stops: conditions.stops,
      'second writer': secondWriter,
      'of them meanwhile': meanwhiles,
      kills,
      'longest outage ms': Math.round(longestOutage),
      seconds: Math.round(seconds),
    })
    const failures = control ? (verdict.doubled > 0 ? [] : ['nothing is doubled']) : problems
    if (failures.length > 0) {
      process.exitCode = 1
      const again = `--rules ${rule} --seed ${seed} --entries ${entries} --sessions ${sessions}`
      console.error([`${name} FAILED with ${again}:`, ...failures].join('\n  '))
    }
    if (seeds === 1) console.log(`${name}:`, faults)
  }
  if (rows.length > 0) console.table(rows)
  const lives = []
  for (const rule of killed) {
    const { name, options, control = false } = KILLED[rule]
    const { verdict, figures, events } = await runKills({ seed, kills, sessions, ...options })
    lives.push({ rule: name, ...verdict, ...figures })
    const { lost, doubled, outOfOrder, gaps } = verdict
    if (control ? gaps === 0 : lost + doubled + outOfOrder + gaps > 0) {
      process.exitCode = 1
      console.error(`${name} FAILED with --rules ${rule} --seed ${seed} --kills ${kills} --sessions ${sessions}`)
    }
    console.log(`${name}:`, events)
  }
  if (lives.length > 0) console.table(lives)
}

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(message)
  process.exit(2)
}
