// What an outbox keeps when a process ends, in each way in which one can.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runProgram, startProgram } from './support/child.mjs'
import { createOutage, readFolder, until } from './support/outbox.mjs'

const UUIDS = ['a', 'b', 'c']

/** What a host printed. @param {string} stdout */
const told = (stdout) =>
  Object.assign(
    {},
    ...stdout
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  )

/** @param {string} dir */
const isWritten = (dir) => {
  const texts = readFolder(dir).map(({ text }) => text)
  return UUIDS.every((uuid) => texts.some((text) => text.includes(`"uuid":"${uuid}"`)))
}

/**
 * The next process, which appends one more entry.
 *
 * @param {Awaited<ReturnType<typeof createOutage>>} outage
 */
async function recover(outage) {
  await outage.start()
  const { stdout, stderr } = await runProgram('outbox-host', {
    dir: outage.dir,
    url: outage.logUrl('s'),
    uuids: ['later'],
    retry: null,
    ends: 'flush',
  })
  assert.equal(stderr, '')
  const { settled, flushed } = told(stdout)
  assert.deepEqual([settled, flushed], [[true], true])
  assert.deepEqual(outage.stored(), [...UUIDS, 'later'])
}

for (const [ends, how] of /** @type {const} */ ([
  ['exit', 'process.exit on the line after the appends'],
  ['uncaught', 'an uncaught exception'],
  ['natural', 'its own end, after an outage'],
])) {
  test(`entries of a process that ends by ${how} are delivered by the next one, in order`, async (t) => {
    const outage = await createOutage(t)
    await runProgram('outbox-host', { dir: outage.dir, url: outage.logUrl('s'), uuids: UUIDS, ends })
    assert.ok(isWritten(outage.dir))
    await recover(outage)
  })
}

for (const signal of /** @type {const} */ (['SIGKILL', 'SIGTERM'])) {
  test(`entries that were written before ${signal} are delivered by the next process, in order`, async (t) => {
    const outage = await createOutage(t)
    const retry = { maxAttempts: 100, baseDelayMs: 100, maxDelayMs: 100 }
    const given = { dir: outage.dir, url: outage.logUrl('s'), uuids: UUIDS, retry }
    const { child, ended } = startProgram('outbox-host', given)
    await until(() => isWritten(outage.dir))
    child.kill(signal)
    await ended
    await recover(outage)
  })
}

test('entries of a killed process are in the log that the next one reads', async (t) => {
  const outage = await createOutage(t)
  await runProgram('outbox-host', { dir: outage.dir, url: outage.logUrl('s'), uuids: UUIDS, ends: 'exit' })
  await outage.start()
  const { stdout } = await runProgram('outbox-host', { dir: outage.dir, url: outage.logUrl('s'), read: true })
  assert.deepEqual(
    told(stdout).log.map((/** @type {{ uuid: string }} */ { uuid }) => uuid),
    UUIDS,
  )
})

test('an entry that the server has stored, and whose response a killed process did not get, is not sent twice', async (t) => {
  const outage = await createOutage(t)
  const server = await outage.start()
  server.faults.reset({ stored: true, method: 'PUT', times: 1 })
  const given = { dir: outage.dir, url: outage.logUrl('s'), uuids: UUIDS, ends: 'natural' }
  const first = await runProgram('outbox-host', given)
  assert.deepEqual(told(first.stdout).settled, [false, false, false])
  await recover({ ...outage, start: async () => server })
})

test('a process that has all its entries delivered ends by itself, and leaves nothing behind', async (t) => {
  const outage = await createOutage(t)
  await outage.start()
  const { stdout, code } = await runProgram('outbox-host', {
    dir: outage.dir,
    url: outage.logUrl('s'),
    uuids: UUIDS,
    ends: 'flush',
  })
  assert.deepEqual([told(stdout).settled, code], [[true, true, true], 0])
  assert.ok(readFolder(outage.dir).every(({ text }) => !text.includes('"uuid"')))
})

test('deferred entries do not keep a process from ending', async (t) => {
  const outage = await createOutage(t)
  const { stdout, code } = await runProgram('outbox-host', {
    dir: outage.dir,
    url: outage.logUrl('s'),
    uuids: UUIDS,
    ends: 'natural',
  })
  const { settled, sessions } = told(stdout)
  assert.deepEqual([settled, sessions[0].state, code], [[false, false, false], 'deferred', 0])
})

test('two processes of one folder keep apart what is theirs, and each takes what a dead one left', async (t) => {
  const outage = await createOutage(t)
  const host = (/** @type {Record<string, unknown>} */ given) =>
    runProgram('outbox-host', { dir: outage.dir, url: outage.logUrl('s'), ...given })
  await Promise.all(['x', 'y'].map((name) => host({ uuids: [`${name}1`, `${name}2`], ends: 'exit' })))
  await outage.start()
  const results = await Promise.all(['x', 'y'].map((name) => host({ uuids: [`${name}3`], retry: null, ends: 'flush' })))
  for (const { stdout } of results) assert.equal(told(stdout).flushed, true)
  const stored = /** @type {string[]} */ (outage.stored())
  for (const name of ['x', 'y']) {
    const own = stored.filter((uuid) => uuid.startsWith(name) && !uuid.endsWith('3'))
    assert.deepEqual(own, [`${name}1`, `${name}2`])
  }
  assert.deepEqual([...stored].sort(), ['x1', 'x2', 'x3', 'y1', 'y2', 'y3'])
})

test('no token stands in the folder', async (t) => {
  const outage = await createOutage(t)
  await runProgram('outbox-host', { dir: outage.dir, url: outage.logUrl('s'), uuids: UUIDS, ends: 'natural' })
  const files = readFolder(outage.dir)
  assert.ok(files.length > 0)
  for (const { text } of files) assert.ok(!text.includes('secret-token'))
})
