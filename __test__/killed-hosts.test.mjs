// Hosts with an outbox that are killed (kill -9) at random moments, under the faults of the stress test. `npm run stress`
// is the same with more kills and other seeds.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runKills } from '../tools/stress/killed/run.mjs'
import './support/binary.mjs'

const SEED = Number(process.env.STRESS_SEED ?? 1)
const KILLS = 24

const KEPT = { lost: 0, doubled: 0, outOfOrder: 0, gaps: 0 }

/** @param {import('node:test').TestContext} t @param {Partial<import('../tools/stress/killed/run.mjs').Options>} options */
async function kill(t, options) {
  const { verdict, figures, events } = await runKills({ seed: SEED, kills: KILLS, sessions: 10, ...options })
  t.diagnostic(`STRESS_SEED=${SEED}: ${JSON.stringify({ verdict, figures, events })}`)
  const { appended, stored, unsaved, unwritten, ...kept } = verdict
  assert.ok(appended > KILLS && stored + unsaved === appended)
  return { kept, figures }
}

test('what killed hosts had kept is stored once, in order, and without a gap', async (t) => {
  const { kept } = await kill(t, {})
  assert.deepEqual(kept, KEPT)
})

test('so is what two hosts with one folder, and one session of both, had kept', async (t) => {
  const { kept } = await kill(t, { shared: true })
  assert.deepEqual(kept, KEPT)
})

test('so is what stood on a disk that is full now and then', { skip: process.platform === 'win32' }, async (t) => {
  const { kept, figures } = await kill(t, { full: 'disk' })
  assert.ok(Number(figures['full disks']) !== 0)
  assert.deepEqual(kept, KEPT)
})

test('so is what hosts had kept that may not write large files', { skip: process.platform === 'win32' }, async (t) => {
  const { kept } = await kill(t, { full: 'limit' })
  assert.deepEqual(kept, KEPT)
})

test('without an outbox, entries that end false leave gaps, and the check sees them', async (t) => {
  const { kept } = await kill(t, { outbox: false, attempts: 1 })
  assert.ok(kept.gaps > 0)
  assert.deepEqual({ ...kept, gaps: 0 }, KEPT)
})
