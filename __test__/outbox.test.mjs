// The outbox: entries are kept until the server has them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addon, useHost } from './support/addon.mjs'
import { createOutage, readFolder, until } from './support/outbox.mjs'

const { appendSessionLog, configure, discardOutboxSession, flush, getSessionLogs, outboxSessions, sessionStats } = addon

/**
 * A host with an outbox whose server is away.
 *
 * @param {import('node:test').TestContext} t
 * @param {Partial<import('../index.js').OutboxOptions>} [outbox]
 */
async function start(t, outbox) {
  const outage = await createOutage(t)
  const host = useHost(t, {
    retry: { maxAttempts: 2, baseDelayMs: 1 },
    outbox: { dir: outage.dir, maxDelayMs: 50, ...outbox },
  })
  t.after(() => discardOutboxSession())
  return { ...outage, host }
}

/** @param {string[]} uuids */
const entries = (uuids) => uuids.map((uuid, index) => ({ uuid, parentUuid: uuids[index - 1] ?? null }))

/** @param {string[]} uuids @param {string} url @param {string} [session] */
const appendAll = (uuids, url, session = 's') =>
  Promise.all(entries(uuids).map((entry) => appendSessionLog(session, entry, url)))

test('entries of an outage are delivered in order when the server is back', async (t) => {
  const outage = await start(t)
  const url = outage.logUrl('s')
  const before = sessionStats().recovered
  assert.deepEqual(await appendAll(['a', 'b', 'c'], url), [false, false, false])
  const { deferred, deferredBytes, failed } = sessionStats('s')
  assert.deepEqual([deferred, deferredBytes > 50, failed], [3, true, 3])
  assert.ok(outage.host.events.includes('session_outbox_deferred'))
  await outage.start()
  assert.equal(await flush({ deferred: true, timeoutMs: 60_000 }), true)
  assert.deepEqual(outage.stored(), ['a', 'b', 'c'])
  assert.equal(sessionStats('s').deferred, 0)
  assert.equal(sessionStats().recovered - before, 3)
  assert.ok(outage.host.events.includes('session_outbox_recovered'))
})

test('a later append is stored behind what is deferred, and resolves true', async (t) => {
  const outage = await start(t)
  assert.deepEqual(await appendAll(['a', 'b'], outage.logUrl('s')), [false, false])
  await outage.start()
  assert.equal(await appendSessionLog('s', { uuid: 'c' }, outage.logUrl('s')), true)
  assert.deepEqual(outage.stored(), ['a', 'b', 'c'])
})

test('outboxSessions lists what waits, and nothing once it is delivered', async (t) => {
  const outage = await start(t)
  await appendAll(['a', 'b'], outage.logUrl('s'))
  const [session, ...others] = await outboxSessions()
  assert.deepEqual(others, [])
  const { bytes, since, ...rest } = session
  assert.deepEqual(rest, {
    sessionId: 's',
    url: outage.logUrl('s'),
    entries: 2,
    state: 'deferred',
    reason: 'outage',
  })
  assert.ok(bytes > 50)
  assert.ok(since === null || Math.abs(Date.now() - since) < 60_000)
  await outage.start()
  await flush({ deferred: true })
  assert.deepEqual(await outboxSessions(), [])
})

test('where the server takes everything, nothing is written', async (t) => {
  const outage = await start(t)
  await outage.start()
  assert.deepEqual(await appendAll(['a', 'b', 'c'], outage.logUrl('s')), [true, true, true])
  // A file of an entry that was written before its response came is emptied.
  await until(() => readFolder(outage.dir).every(({ text }) => !text.includes('"uuid"')))
})

test('without an outbox no folder is made, and nothing is deferred', async (t) => {
  const outage = await createOutage(t)
  useHost(t, { retry: { maxAttempts: 1 } })
  assert.deepEqual(await appendAll(['a', 'b'], outage.logUrl('s')), [false, false])
  assert.deepEqual([sessionStats('s').deferred, readFolder(outage.dir)], [0, []])
  assert.deepEqual([await outboxSessions(), await discardOutboxSession('s')], [[], 0])
  assert.equal(await flush({ deferred: true }), true)
})

test('an outbox that is configured touches no disk before the first append', async (t) => {
  const outage = await start(t)
  assert.deepEqual(readFolder(outage.dir), [])
  assert.throws(() => configure({ outbox: { dir: 'relative' } }), /outbox\.dir must be the absolute path of a folder/)
})

test("settle 'durable' resolves true once the entry is safe on the disk", async (t) => {
  const outage = await start(t, { settle: 'durable' })
  assert.deepEqual(await appendAll(['a', 'b'], outage.logUrl('s')), [true, true])
  const texts = readFolder(outage.dir).map(({ text }) => text)
  assert.ok(texts.some((text) => text.includes('"uuid":"a"') && text.includes('"uuid":"b"')))
})

test('discardOutboxSession gives up what is deferred, of one session or of all', async (t) => {
  const outage = await start(t)
  await appendAll(['a', 'b'], outage.logUrl('s'))
  await appendAll(['c'], outage.logUrl('other'), 'other')
  assert.equal(await discardOutboxSession('s'), 2)
  assert.deepEqual(
    (await outboxSessions()).map(({ sessionId }) => sessionId),
    ['other'],
  )
  assert.equal(await discardOutboxSession(), 1)
  assert.deepEqual(await outboxSessions(), [])
  await until(() => readFolder(outage.dir).every(({ text }) => !text.includes('"uuid"')))
  await outage.start()
  assert.equal(await appendSessionLog('s', { uuid: 'd' }, outage.logUrl('s')), true)
  assert.deepEqual(outage.stored(), ['d'])
})

test('a read waits until what is deferred is delivered', async (t) => {
  const outage = await start(t)
  await appendAll(['a', 'b'], outage.logUrl('s'))
  await outage.start()
  const log = await getSessionLogs('s', outage.logUrl('s'))
  assert.deepEqual(
    log?.map(({ uuid }) => uuid),
    ['a', 'b'],
  )
})

test('an append that meets a session that is deferred settles within one attempt', async (t) => {
  const outage = await start(t)
  configure({ retry: { maxAttempts: 10, baseDelayMs: 60_000, maxDelayMs: 60_000 } })
  // The server is known to be out of reach: no round of minutes begins.
  configure({ retry: { maxAttempts: 1 } })
  await appendAll(['a'], outage.logUrl('s'))
  configure({ retry: { maxAttempts: 10, baseDelayMs: 60_000, maxDelayMs: 60_000 } })
  assert.deepEqual(await appendAll(['b', 'c', 'd', 'e', 'f'], outage.logUrl('s')), Array(5).fill(false))
  assert.equal(await appendSessionLog('other', { uuid: 'g' }, outage.logUrl('other')), false)
})

test('an entry without a token is kept where the session had one before', async (t) => {
  const outage = await start(t)
  await outage.start()
  let token = /** @type {string | null} */ ('token')
  configure({ getSessionIngressAuthToken: () => token })
  assert.equal(await appendSessionLog('s', { uuid: 'a' }, outage.logUrl('s')), true)
  token = null
  assert.equal(await appendSessionLog('s', { uuid: 'b' }, outage.logUrl('s')), false)
  assert.deepEqual([outage.stored(), sessionStats('s').deferred], [['a'], 1])
  token = 'another'
  assert.equal(await appendSessionLog('s', { uuid: 'c' }, outage.logUrl('s')), true)
  assert.deepEqual(outage.stored(), ['a', 'b', 'c'])
})

test('wrong options throw a TypeError that names the key, and change nothing', async (t) => {
  const outage = await start(t)
  for (const [outbox, message] of /** @type {[any, RegExp][]} */ ([
    [{ dir: 5 }, /outbox\.dir/],
    [{ dir: '' }, /outbox\.dir/],
    [{ settle: 'later' }, /outbox\.settle/],
    [{ maxBytes: 0 }, /outbox\.maxBytes/],
    [{ maxAgeMs: -1 }, /outbox\.maxAgeMs/],
    [{ maxDelayMs: Number.NaN }, /outbox\.maxDelayMs/],
    [{ syncAfterMs: '5' }, /outbox\.syncAfterMs/],
    [{ getToken: 'token' }, /outbox\.getToken/],
    [{ folder: '/x' }, /unknown option outbox\.folder/],
    [5, /outbox must be an object/],
  ])) {
    assert.throws(
      () => configure({ outbox }),
      (/** @type {any} */ error) => error instanceof TypeError && message.test(error.message),
    )
  }
  configure({ outbox: null })
  assert.throws(() => configure({ outbox: /** @type {any} */ ({ maxBytes: 5 }) }), /outbox\.dir must name a folder/)
  await outage.stop()
  for (const wrong of [5, null]) await assert.rejects(discardOutboxSession(/** @type {any} */ (wrong)), TypeError)
})
