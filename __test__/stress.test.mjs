// Appends through a storm: resets, errors and stalls before and after storing, answers that break off, a service
// that is killed, and a second writer that appends between a stored PUT and its lost answer. `npm run storm` is
// the same with more entries and other seeds.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KILL_AFTER, KILL_BEFORE } from '../tools/stress/faults.mjs'
import { runStorm } from '../tools/stress/stress.mjs'
import './support/binary.mjs'

const SEED = Number(process.env.STRESS_SEED ?? 1)
const ENTRIES = 10_000
/** Of the storms beside it. */
const FEWER = 1000

/** @param {import('node:test').TestContext} t @param {Partial<import('../tools/stress/stress.mjs').Options>} [options] */
async function storm(t, options) {
  const { weather, ...verdict } = await runStorm({ seed: SEED, entries: FEWER, ...options })
  const { faults, ...figures } = weather
  t.diagnostic(`STRESS_SEED=${SEED}: ${JSON.stringify({ ...figures, faults })}`)
  return { weather, verdict }
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

test('through a storm every entry is stored once and in order, and no append fails', async (t) => {
  const { verdict, weather } = await storm(t, { entries: ENTRIES })
  assert.deepEqual(verdict, flawless(ENTRIES))
  // It was one.
  const { [KILL_BEFORE]: before = 0, [KILL_AFTER]: after = 0, ...others } = weather.faults
  // A request that comes while the service is down meets no kill of its own.
  assert.ok(weather.kills > 0 && weather.kills <= before + after)
  assert.ok(Object.values(others).reduce((sum, times) => sum + times, 0) > ENTRIES / 4)
  assert.ok(weather.meanwhiles > ENTRIES / 20 && weather.secondWriter >= weather.meanwhiles)
})

// Two that append as fast as they can may lose ten races in a row; that is what `false` is for.
test('two processes that append to the same sessions store every entry once and in order', async (t) => {
  const { verdict } = await storm(t, { processes: 2, again: true })
  assert.deepEqual(verdict, { ...flawless(FEWER), failed: verdict.failed })
})

test('appends that fail after two attempts, and are made again until they succeed, store every entry once', async (t) => {
  const { verdict } = await storm(t, { attempts: 2, again: true })
  assert.deepEqual(verdict, { ...flawless(FEWER), failed: verdict.failed })
  assert.ok(verdict.failed > 0)
})

test('the old module’s rule, adopt and resend, doubles entries in the same storm', async (t) => {
  const { verdict } = await storm(t, { rule: 'old' })
  assert.ok(verdict.doubled > 0)
})
