// The check at the end of a stress run: it sees each thing that can be wrong.

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { check } from '../../tools/stress/check.mjs'
import { makeEntries } from '../../tools/stress/entries.mjs'

const RUN = { seed: 1, entries: 6, sessions: 2 }
const CLIENT = 'client-0'
const THEIRS = { uuid: 'theirs', type: 'user' }

/**
 * What is said of logs in which `change` has changed something.
 *
 * @param {import('node:test').TestContext} t
 * @param {(log: any[], outcomes: import('../../tools/stress/client.mjs').Outcome[]) => void} change gets the log of the first session, theirs last
 */
async function judge(t, change) {
  const dir = await mkdtemp(join(tmpdir(), 'session-ingress-test-'))
  t.after(() => rm(dir, { recursive: true }))
  const logs = makeEntries({ ...RUN, client: CLIENT })
  const outcomes = logs.flat().map(({ uuid }) => ({ uuid, appended: true, calls: 1 }))
  const first = [...logs[0], THEIRS]
  change(first, outcomes)
  for (const [index, log] of [first, logs[1]].entries()) {
    await writeFile(join(dir, `session-${index}.jsonl`), log.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
  }
  const secondWriter = new Map([['session-0', [THEIRS.uuid]]])
  const clients = [{ client: CLIENT, outcomes }]
  const { problems, ...figures } = await check({ dir, ...RUN, clients, secondWriter, history: () => 'a reset' })
  return { problems: problems.join('\n'), figures }
}

const FLAWLESS = { entries: 6, stored: 6, doubled: 0, lost: 0, outOfOrder: 0, failed: 0 }

test('the check finds nothing wrong where every entry is stored once and in order', async (t) => {
  assert.deepEqual(await judge(t, () => {}), { problems: '', figures: FLAWLESS })
})

test('the check finds an entry that is there twice, and says what it met', async (t) => {
  const { problems, figures } = await judge(t, (log) => log.push(log[0]))
  assert.deepEqual(figures, { ...FLAWLESS, doubled: 1 })
  assert.match(problems, /^session-0: client-0 \S+ is there 2 times: a reset$/)
})

test('the check finds an entry lost whose append ended `true` and that is not there', async (t) => {
  const { problems, figures } = await judge(t, (log) => log.splice(1, 1))
  assert.deepEqual(figures, { ...FLAWLESS, stored: 5, lost: 1 })
  assert.match(problems, /ended true, and is not stored/)
})

test('the check finds an entry out of order before one that was appended earlier, unless it was appended again', async (t) => {
  const swap = (/** @type {any[]} */ log) => log.splice(0, 2, log[1], log[0])
  const { problems, figures } = await judge(t, swap)
  assert.deepEqual(figures, { ...FLAWLESS, outOfOrder: 1 })
  assert.match(problems, /stands before an entry that was appended earlier/)
  const again = await judge(t, (log, outcomes) => {
    swap(log)
    outcomes[0].calls = 2
  })
  // That the first call failed is counted, and no problem.
  assert.deepEqual(again, { problems: '', figures: { ...FLAWLESS, failed: 1 } })
})

test('the check counts an append that ended `false` as failed, and lets its entry be there once, not twice', async (t) => {
  const once = await judge(t, (_log, outcomes) => {
    outcomes[0].appended = false
  })
  assert.deepEqual(once.figures, { ...FLAWLESS, failed: 1 })
  const twice = await judge(t, (log, outcomes) => {
    outcomes[0].appended = false
    log.push(log[0])
  })
  assert.deepEqual(twice.figures, { ...FLAWLESS, failed: 1, doubled: 1 })
})

test('the check finds an entry of the second writer that is lost or doubled', async (t) => {
  assert.match((await judge(t, (log) => log.pop())).problems, /the second writer’s theirs is lost/)
  assert.match((await judge(t, (log) => log.push(THEIRS))).problems, /the second writer’s theirs is there 2 times/)
})

test('the check finds an entry that never settled, has another text or is nobody’s', async (t) => {
  assert.match((await judge(t, (_log, outcomes) => outcomes.pop())).problems, /never settled/)
  const changed = await judge(t, (log) => log.splice(0, 1, { ...log[0], text: 'another' }))
  assert.match(changed.problems, /is stored with another text/)
  assert.match((await judge(t, (log) => log.push({ uuid: 'x' }))).problems, /x is there, and nobody appended it/)
})
