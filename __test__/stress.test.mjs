// Appends under faults: resets, errors and stalls before and after storing, responses that break off, a service
// that is killed, a second writer that appends between a stored PUT and its lost response, a proxy that repeats PUTs, and
// a process that is stopped. `npm run stress` is the same with more entries and other seeds.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KILL_AFTER, KILL_BEFORE } from '../tools/stress/faults.mjs'
import { runStress } from '../tools/stress/stress.mjs'
import './support/binary.mjs'

const SEED = Number(process.env.STRESS_SEED ?? 1)
const ENTRIES = 3000
/** Of the runs beside it. */
const FEWER = 600
const FEWEST = 400

/** @param {import('node:test').TestContext} t @param {Partial<import('../tools/stress/stress.mjs').Options>} [options] */
async function stress(t, options) {
  const { conditions, ...verdict } = await runStress({ seed: SEED, entries: FEWER, ...options })
  const { faults, ...figures } = conditions
  t.diagnostic(`STRESS_SEED=${SEED}: ${JSON.stringify({ ...figures, faults })}`)
  return { conditions, verdict }
}

/** @param {number} entries */
const flawless = (entries) => ({
  entries,
  stored: entries,
  doubled: 0,
  lost: 0,
  outOfOrder: 0,
  failed: 0,
  problems: [],
})

test('under faults every entry is stored once and in order, and no append fails', async (t) => {
  const { verdict, conditions } = await stress(t, { entries: ENTRIES })
  assert.deepEqual(verdict, flawless(ENTRIES))
  const { [KILL_BEFORE]: before = 0, [KILL_AFTER]: after = 0, ...others } = conditions.faults
  // A request that comes while the service is down meets no kill of its own.
  assert.ok(conditions.kills > 0 && conditions.kills <= before + after)
  assert.ok(Object.values(others).reduce((sum, times) => sum + times, 0) > ENTRIES / 4)
  assert.ok(conditions.meanwhiles > ENTRIES / 20 && conditions.secondWriter >= conditions.meanwhiles)
})

test('two processes that append to the same sessions under faults store every entry once and in order', async (t) => {
  const { verdict } = await stress(t, { processes: 2 })
  assert.deepEqual(verdict, flawless(FEWER))
})

test('appends that fail after two attempts under faults, and are made again until they succeed, store every entry once', async (t) => {
  const { verdict } = await stress(t, { attempts: 2, again: true })
  assert.deepEqual(verdict, { ...flawless(FEWER), failed: verdict.failed })
  assert.ok(verdict.failed > 0)
})

test('behind a proxy that repeats PUTs, with verifyConflicts, every entry is stored once and in order', async (t) => {
  const { verdict, conditions } = await stress(t, { entries: FEWEST, repeats: true, verifyConflicts: true })
  assert.deepEqual(verdict, flawless(FEWEST))
  assert.ok(conditions.repeated > FEWEST / 20)
})

test('behind a proxy that repeats PUTs, without verifyConflicts, entries are doubled', async (t) => {
  const { verdict } = await stress(t, { entries: FEWEST, repeats: true })
  assert.ok(verdict.doubled > 0)
})

test('a process that is stopped for longer than its limits, again and again, stores every entry once and in order', {
  skip: process.platform === 'win32' && 'a process cannot be stopped',
}, async (t) => {
  const { verdict, conditions } = await stress(t, { entries: FEWEST, stops: true })
  assert.deepEqual(verdict, flawless(FEWEST))
  assert.ok(conditions.stops > 0)
})

test('eight processes that append to one session under faults store every entry once and in order', async (t) => {
  const { verdict, conditions } = await stress(t, { processes: 8, sessions: 1, entries: 160 })
  assert.deepEqual(verdict, flawless(160))
  assert.ok(conditions.conflicts > 0)
})

test('the old module’s rule, adopt and resend, doubles entries under the same faults', async (t) => {
  const { verdict } = await stress(t, { entries: FEWEST, rule: 'old' })
  assert.ok(verdict.doubled > 0)
})
