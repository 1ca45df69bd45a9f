// Draws docs/fleet.svg: the first requests of a million clients when their server is back after an outage of an hour,
// as a test of the core counts them.
//
//   npm run fleet

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { area, COLORS, line, svg, text } from '../shared/svg.mjs'

const WIDTH = 760
const LEFT = 70
const RIGHT = 20
const HEIGHT = 110
const SECONDS = 300

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** The rows of the test: a second, and the clients whose first request came in it, by each rule. */
function count() {
  const folder = mkdtempSync(join(tmpdir(), 'session-ingress-fleet-'))
  const file = join(folder, 'fleet.csv')
  try {
    const test = ['test', '-p', 'session-ingress-core', '--profile', 'quick', '--lib', 'delivery::tests::fleet']
    const { status } = spawnSync('cargo', test, { cwd: ROOT, env: { ...process.env, FLEET: file }, stdio: 'inherit' })
    if (status !== 0) throw new Error(`cargo test ended with ${status}`)
    const [, ...rows] = readFileSync(file, 'utf8').trim().split('\n')
    return rows.map((row) => row.split(',').map(Number))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** @param {number[]} seconds clients by second @param {number} top @param {string} color @param {string} title */
function panel(seconds, top, color, title) {
  const most = Math.max(...seconds)
  const bottom = top + HEIGHT
  const x = (/** @type {number} */ second) => LEFT + ((WIDTH - LEFT - RIGHT) * second) / SECONDS
  const y = (/** @type {number} */ clients) => bottom - (HEIGHT * clients) / most
  /** @type {[number, number][]} */
  const steps = seconds.flatMap(
    (clients, second) =>
      /** @type {[number, number][]} */ ([
        [x(second), y(clients)],
        [x(second + 1), y(clients)],
      ]),
  )
  return [
    text(LEFT, top - 12, title, { weight: 600 }),
    text(LEFT - 8, top + 5, most.toLocaleString('en'), { size: 11, color: COLORS.quiet, anchor: 'end' }),
    text(LEFT - 8, bottom, '0', { size: 11, color: COLORS.quiet, anchor: 'end' }),
    line(LEFT, top, WIDTH - RIGHT, top),
    area([[x(0), bottom], ...steps, [x(SECONDS), bottom]], color),
    line(LEFT, bottom, WIDTH - RIGHT, bottom),
    ...[0, 60, 120, 180, 240, 300].map((second) =>
      text(x(second), bottom + 16, `${second} s`, { size: 11, color: COLORS.quiet, anchor: 'middle' }),
    ),
  ]
}

const rows = count().slice(0, SECONDS)
const breaker = rows.map(([, clients]) => clients)
const rounds = rows.map(([, , clients]) => clients)
const [most, worst] = [breaker, rounds].map((seconds) => Math.max(...seconds).toLocaleString('en'))
const title = `First requests of a million clients after an outage: at most ${most} in a second with an outbox, ${worst} without`
const shapes = [
  ...panel(breaker, 40, COLORS.ours, 'With an outbox: one try, after a wait of up to 5 minutes'),
  ...panel(rounds, 220, COLORS.old, 'Without: attempts every 8 s, entry after entry'),
  text(LEFT, 366, 'Clients whose first request comes in each second after the server is back, of a million', {
    size: 11,
    color: COLORS.quiet,
  }),
]
writeFileSync(join(ROOT, 'docs/fleet.svg'), svg(WIDTH, 380, title, shapes))
console.log(title)
