// Entries that may or may not be stored, against the real service: nothing is stored twice, nothing is lost.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  FaultPlan,
  meanwhile,
  resetAfter,
  resetBefore,
  status,
  statusAfter,
  truncated,
} from '../tools/server/faults.mjs'
import { startIngressServer } from '../tools/server/ingress-server.mjs'
import { addon, createEntry, useHost } from './support/addon.mjs'

const { appendSessionLog, getSessionLogs } = addon

/** @typedef {import('../tools/server/faults.mjs').Fault} Fault */

/** A service with a log of one entry, and a second writer. @param {import('node:test').TestContext} t */
async function startService(t) {
  const dir = await mkdtemp(join(tmpdir(), 'session-ingress-test-'))
  const faults = new FaultPlan()
  const service = await startIngressServer({ dir, around: faults.around })
  t.after(async () => {
    await service.close()
    await rm(dir, { recursive: true })
  })
  const url = `${service.url}/v1/session_ingress/session/s`
  const otherWriter = async (/** @type {{ uuid: string }} */ entry) => {
    /** @type {any} */
    const log = await (await fetch(url, { headers: { authorization: 'Bearer other' } })).json()
    const headers = { authorization: 'Bearer other', 'last-uuid': log.loglines.at(-1).uuid }
    assert.equal((await fetch(url, { method: 'PUT', headers, body: JSON.stringify(entry) })).status, 201)
  }
  const uuids = async () => (await getSessionLogs('reader', url))?.map(({ uuid }) => uuid)
  const first = createEntry()
  assert.equal(await appendSessionLog('s', first, url), true)
  return { url, faults, otherWriter, uuids, first }
}

for (const [name, fault] of /** @type {[string, Fault][]} */ ([
  ['a cut connection', resetAfter],
  ['a 502', statusAfter(502)],
  ['a 204', statusAfter(204)],
  ['a 408', statusAfter(408)],
])) {
  test(`an entry that was stored, and whose response was ${name}, is stored once`, async (t) => {
    const host = useHost(t)
    const { url, faults, uuids, first } = await startService(t)
    faults.add('PUT', fault)
    const entry = createEntry()
    assert.equal(await appendSessionLog('s', entry, url), true)
    assert.deepEqual(await uuids(), [first.uuid, entry.uuid])
    assert.ok(host.events.includes('session_persist_recovered_from_409'))
  })

  test(`an entry that was stored, and whose response was ${name}, is stored once where another writer was faster`, async (t) => {
    useHost(t)
    const { url, faults, otherWriter, uuids, first } = await startService(t)
    const [entry, theirs, next] = [createEntry(), createEntry(), createEntry()]
    faults.add('PUT', (handler) => fault(meanwhile(() => otherWriter(theirs))(handler)))
    assert.equal(await appendSessionLog('s', entry, url), true)
    assert.equal(await appendSessionLog('s', next, url), true)
    assert.deepEqual(await uuids(), [first.uuid, entry.uuid, theirs.uuid, next.uuid])
  })
}

test('an entry whose response is lost after a read that found it is stored once', async (t) => {
  useHost(t)
  const { url, faults, uuids, first } = await startService(t)
  const entry = createEntry()
  // The read makes the entry the session's head, and a server stores what continues from its head.
  faults.add('PUT', (handler) => resetAfter(meanwhile(() => getSessionLogs('s', url))(handler)))
  assert.equal(await appendSessionLog('s', entry, url), true)
  assert.deepEqual(await uuids(), [first.uuid, entry.uuid])
})

test('an entry that was not stored is sent once more where another writer was faster', async (t) => {
  useHost(t)
  const { url, faults, otherWriter, uuids, first } = await startService(t)
  const [entry, theirs] = [createEntry(), createEntry()]
  faults.add('PUT', (handler) => async (request, response) => {
    await otherWriter(theirs)
    await resetBefore(handler)(request, response)
  })
  assert.equal(await appendSessionLog('s', entry, url), true)
  assert.deepEqual(await uuids(), [first.uuid, theirs.uuid, entry.uuid])
})

test('a failed look at the log leaves an entry in doubt, and is repeated before the entry is sent', async (t) => {
  const host = useHost(t)
  const { url, faults, otherWriter, uuids, first } = await startService(t)
  const [entry, theirs] = [createEntry(), createEntry()]
  faults
    .add('PUT', (handler) => resetAfter(meanwhile(() => otherWriter(theirs))(handler)))
    .add('GET', (handler) => handler, status(500), truncated, resetBefore)
  assert.equal(await appendSessionLog('s', entry, url), true)
  assert.deepEqual(await uuids(), [first.uuid, entry.uuid, theirs.uuid])
  assert.deepEqual(host.events, [
    'session_persist_fail_status',
    'session_get_fail_status',
    'session_get_fail_status',
    'session_get_fail_status',
    'session_persist_recovered_from_409',
  ])
})

test('an entry whose append ended in doubt is looked for in the log when it is appended again', async (t) => {
  const host = useHost(t, { retry: { maxAttempts: 2, baseDelayMs: 1 } })
  const { url, faults, uuids, first } = await startService(t)
  const entry = createEntry()
  faults.add('PUT', resetAfter, status(503))
  assert.equal(await appendSessionLog('s', entry, url), false)
  assert.equal(await appendSessionLog('s', entry, url), true)
  assert.deepEqual(await uuids(), [first.uuid, entry.uuid])
  assert.equal(host.events.at(-1), 'session_persist_recovered_from_409')
})
