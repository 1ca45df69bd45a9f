// Folders that an outbox cannot use, or not to the end, and files in it that it did not write.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, lchownSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { checksum } from '../tools/stress/killed/spool.mjs'
import { addon, useHost } from './support/addon.mjs'
import { runProgram, startWorker } from './support/child.mjs'
import { createOutage, readFolder, until } from './support/outbox.mjs'
import { panicAt, skip } from './support/panic-points.mjs'

const { appendSessionLog, discardOutboxSession, flush, outboxSessions } = addon
const IS_ROOT = process.getuid?.() === 0
const IS_WINDOWS = process.platform === 'win32'

/** @param {import('node:test').TestContext} t @param {Partial<import('../index.js').OutboxOptions>} [outbox] */
async function start(t, outbox) {
  const outage = await createOutage(t)
  const host = useHost(t, { retry: { maxAttempts: 1 }, outbox: { dir: outage.dir, maxDelayMs: 50, ...outbox } })
  t.after(() => discardOutboxSession())
  const append = (/** @type {string} */ uuid) => appendSessionLog('s', { uuid }, outage.logUrl('s'))
  return { ...outage, host, append }
}

/** Gives files and links to a user that may not exist; false where this namespace has no other. @param {string[]} paths */
function giveAway(...paths) {
  try {
    for (const path of paths) lchownSync(path, 54_321, 54_321)
    return true
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EINVAL') return false
    throw error
  }
}

/** Works as without a disk: what is deferred is in memory. @param {Awaited<ReturnType<typeof start>>} outage @param {string} code */
async function assertUnavailable(outage, code) {
  assert.deepEqual(await Promise.all(['a', 'b'].map(outage.append)), [false, false])
  await until(() => outage.host.events.includes('session_outbox_unavailable'))
  const [told, ...others] = outage.host.diagnostics.filter(([, event]) => event === 'session_outbox_unavailable')
  assert.deepEqual([told, others], [['error', 'session_outbox_unavailable', { code }], []])
  await outage.start()
  assert.equal(await flush({ deferred: true, timeoutMs: 60_000 }), true)
  assert.deepEqual(outage.stored(), ['a', 'b'])
}

test('a folder that others may write is not used, and entries wait in memory', { skip: IS_WINDOWS }, async (t) => {
  const outage = await start(t)
  mkdirSync(outage.dir)
  chmodSync(outage.dir, 0o777)
  await assertUnavailable(outage, 'ERR_SESSION_INGRESS_OUTBOX_UNSAFE')
  assert.deepEqual(readFolder(outage.dir), [])
})

test('a folder of another user is not used, and entries wait in memory', {
  skip: IS_WINDOWS || !IS_ROOT,
}, async (t) => {
  const outage = await start(t)
  mkdirSync(outage.dir, { mode: 0o700 })
  if (!giveAway(outage.dir)) return t.skip('there is no other user here')
  await assertUnavailable(outage, 'ERR_SESSION_INGRESS_OUTBOX_UNSAFE')
  assert.deepEqual(readFolder(outage.dir), [])
})

test('a link of another user is not used, wherever it leads', { skip: IS_WINDOWS || !IS_ROOT }, async (t) => {
  const outage = await start(t)
  const real = join(outage.dir, '..', 'real')
  mkdirSync(real, { mode: 0o700 })
  symlinkSync(real, outage.dir)
  if (!giveAway(outage.dir)) return t.skip('there is no other user here')
  await assertUnavailable(outage, 'ERR_SESSION_INGRESS_OUTBOX_UNSAFE')
  assert.deepEqual(readFolder(join(real, 'v1')), [])
})

test('a folder that cannot be made is told once, and entries wait in memory', async (t) => {
  const outage = await createOutage(t)
  writeFileSync(outage.dir, 'a file in the place of the folder')
  const host = useHost(t, { retry: { maxAttempts: 1 }, outbox: { dir: join(outage.dir, 'outbox'), maxDelayMs: 50 } })
  t.after(() => discardOutboxSession())
  const append = (/** @type {string} */ uuid) => appendSessionLog('s', { uuid }, outage.logUrl('s'))
  await assertUnavailable({ ...outage, host, append }, IS_WINDOWS ? 'EEXIST' : 'ENOTDIR')
})

test('a read-only folder is told, and entries wait in memory', { skip: IS_WINDOWS || IS_ROOT }, async (t) => {
  const outage = await start(t)
  mkdirSync(outage.dir, { mode: 0o500 })
  t.after(() => chmodSync(outage.dir, 0o700))
  await assertUnavailable(outage, 'EACCES')
})

/** Puts a disk of its own on a folder; false where that is not allowed. @param {string} dir @param {string} options */
function mount(dir, options) {
  mkdirSync(dir)
  // Only root may, and not in every container.
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `${options},mode=0700`, 'tmpfs', dir]).status === 0
}

test('a read-only disk is told, and entries wait in memory', async (t) => {
  const outage = await start(t)
  if (!mount(outage.dir, 'ro')) return t.skip('no disk can be mounted here')
  try {
    await assertUnavailable(outage, 'EROFS')
  } finally {
    spawnSync('umount', ['-l', outage.dir])
  }
})

/** A folder with the file of a host that has ended. @param {import('node:test').TestContext} t */
async function leave(t) {
  const outage = await createOutage(t)
  const given = { dir: outage.dir, url: outage.logUrl('s'), uuids: ['a', 'b', 'c'], ends: 'exit' }
  await runProgram('outbox-host', given)
  const folder = join(outage.dir, 'v1')
  const [name] = readdirSync(folder).filter((file) => file.endsWith('.spool'))
  return { outage, path: join(folder, name) }
}

test('a file with a bad end costs what is behind it, and is kept apart', async (t) => {
  const { outage, path } = await leave(t)
  const bytes = readFileSync(path)
  bytes[bytes.length - 3] ^= 1
  writeFileSync(path, bytes)
  const host = useHost(t, { outbox: { dir: outage.dir } })
  await outage.start()
  assert.equal(await appendSessionLog('s', { uuid: 'd' }, outage.logUrl('s')), true)
  assert.deepEqual(outage.stored(), ['a', 'b', 'd'])
  const told = host.diagnostics.filter(([, event]) => event === 'session_outbox_corrupt')
  assert.deepEqual([told.length, told[0][2].bytes > 0, host.errors.length], [1, true, 1])
  await until(() => readFolder(outage.dir).some((file) => file.path.includes('quarantine')))
})

/** Says that a file is of a later version. @param {string} path @param {{ checked: boolean }} how with a checksum that is right */
function makeLater(path, { checked }) {
  const bytes = readFileSync(path)
  bytes[8] += 1
  if (checked) bytes.writeUInt32LE(checksum(bytes.subarray(0, 20)), 20)
  writeFileSync(path, bytes)
  return bytes
}

test('a file of a later version is left as it is', async (t) => {
  const { outage, path } = await leave(t)
  const bytes = makeLater(path, { checked: true })
  const host = useHost(t, { outbox: { dir: outage.dir } })
  await outage.start()
  assert.equal(await appendSessionLog('s', { uuid: 'd' }, outage.logUrl('s')), true)
  assert.deepEqual(outage.stored(), ['d'])
  await discardOutboxSession('s')
  assert.deepEqual(readFileSync(path), bytes)
  assert.deepEqual(host.errors, [])
})

test('a file whose beginning cannot be read is kept apart', async (t) => {
  const { outage, path } = await leave(t)
  makeLater(path, { checked: false })
  useHost(t, { outbox: { dir: outage.dir } })
  await outage.start()
  assert.equal(await appendSessionLog('s', { uuid: 'd' }, outage.logUrl('s')), true)
  assert.deepEqual(outage.stored(), ['d'])
  assert.ok(readFolder(outage.dir).some((file) => file.path.includes('quarantine')))
})

test('entries that another user has planted in a folder of theirs are not sent', {
  skip: IS_WINDOWS || !IS_ROOT,
}, async (t) => {
  const { outage, path } = await leave(t)
  if (!giveAway(outage.dir, join(outage.dir, 'v1'), path)) return t.skip('there is no other user here')
  const host = useHost(t, { outbox: { dir: outage.dir } })
  t.after(() => discardOutboxSession())
  await outage.start()
  assert.equal(await appendSessionLog('s', { uuid: 'd' }, outage.logUrl('s')), true)
  assert.deepEqual(outage.stored(), ['d'])
  const [[, , data]] = host.diagnostics.filter(([, event]) => event === 'session_outbox_unavailable')
  assert.deepEqual(data, { code: 'ERR_SESSION_INGRESS_OUTBOX_UNSAFE' })
})

test('files that are none of its own are left alone', async (t) => {
  const { outage } = await leave(t)
  const foreign = join(outage.dir, 'v1', 'notes.txt')
  writeFileSync(foreign, 'mine')
  useHost(t, { outbox: { dir: outage.dir } })
  await discardOutboxSession()
  assert.equal(readFileSync(foreign, 'utf8'), 'mine')
  assert.deepEqual(await outboxSessions(), [])
})

test('200 workers of one folder lose and double nothing when they are terminated', async (t) => {
  const WORKERS = 200
  const AT_ONCE = 10
  const outage = await createOutage(t)
  const append = (/** @type {number} */ number) =>
    new Promise((resolve, reject) => {
      const worker = startWorker({
        what: 'append and say so',
        uuid: `w${number}`,
        url: outage.logUrl('s'),
        configure: { retry: { maxAttempts: 1 }, outbox: { dir: outage.dir, maxDelayMs: 50 } },
      })
      worker.once('message', () => worker.terminate().then(resolve, reject))
      worker.once('error', reject)
    })
  for (let number = 0; number < WORKERS; number += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => append(number + index)))
  }
  useHost(t, { outbox: { dir: outage.dir, maxDelayMs: 50 } })
  // Each gives its file up when its last request is over.
  await until(async () => (await outboxSessions()).every(({ state }) => state === 'waiting'))
  await outage.start()
  // The server is known to be away by all threads of a process: it may be deferred.
  await appendSessionLog('s', { uuid: 'last' }, outage.logUrl('s'))
  assert.equal(await flush({ deferred: true }), true)
  const stored = /** @type {string[]} */ (outage.stored())
  const expected = Array.from({ length: WORKERS }, (_, number) => `w${number}`)
  assert.deepEqual([...stored].sort(), [...expected, 'last'].sort())
})

test('a full disk is told, costs no entry of a process that lives, and is empty in the end', async (t) => {
  const outage = await createOutage(t)
  if (!mount(outage.dir, 'size=256k')) return t.skip('no small disk can be mounted here')
  const host = useHost(t, { retry: { maxAttempts: 1 }, outbox: { dir: outage.dir, maxDelayMs: 50 } })
  try {
    for (let round = 0; round < 2; round += 1) {
      host.told.length = 0
      const uuids = Array.from({ length: 300 }, (_, number) => `${round}-${number}`)
      const text = 'x'.repeat(2000)
      const appends = uuids.map((uuid) =>
        appendSessionLog('s', /** @type {any} */ ({ uuid, text }), outage.logUrl('s')),
      )
      assert.deepEqual(new Set(await Promise.all(appends)), new Set([false]))
      await until(() => host.events.includes('session_outbox_write_failed'))
      const failed = host.diagnostics.filter(([, event]) => event === 'session_outbox_write_failed')
      assert.deepEqual(failed, [['error', 'session_outbox_write_failed', { code: 'ENOSPC' }]])
      await outage.start()
      assert.equal(await flush({ deferred: true, timeoutMs: 60_000 }), true)
      assert.deepEqual(outage.stored()?.slice(-300), uuids)
      await until(() => readFolder(outage.dir).every(({ text }) => !text.includes('"uuid"')))
      await outage.stop()
    }
  } finally {
    await discardOutboxSession()
    spawnSync('umount', ['-l', outage.dir])
  }
})

test('a panic while a file is written is told, and its entries wait in memory', { skip }, async (t) => {
  const outage = await createOutage(t)
  const outbox = { dir: outage.dir, settle: /** @type {const} */ ('durable'), maxDelayMs: 50 }
  const host = useHost(t, { retry: { maxAttempts: 1 }, outbox })
  panicAt('write', 1)
  const append = (/** @type {string} */ uuid) => appendSessionLog('s', { uuid }, outage.logUrl('s'))
  assert.deepEqual(await Promise.all(['a', 'b'].map(append)), [false, false])
  const failed = host.diagnostics.filter(([, event]) => event === 'session_outbox_write_failed')
  assert.deepEqual(failed, [['error', 'session_outbox_write_failed', { code: 'ERR_SESSION_INGRESS_INTERNAL' }]])
  await outage.start()
  assert.equal(await flush({ deferred: true, timeoutMs: 60_000 }), true)
  assert.deepEqual(outage.stored(), ['a', 'b'])
})
