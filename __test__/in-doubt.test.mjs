// Entries that may or may not be stored, against the real service: nothing is stored twice, nothing is lost.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FaultScript } from '../lib/testing/fault-script.js'
import { resetAfter, resetBefore, status, statusAfter } from '../lib/testing/faults.js'
import { MemoryStore } from '../lib/testing/memory-store.js'
import { startService as startServer } from '../lib/testing/service.js'
import { meanwhile, truncated } from '../tools/shared/faults.mjs'
import { addon, createEntry, useHost } from './support/addon.mjs'

const { appendSessionLog, getSessionLogs } = addon

/** @typedef {import('../lib/testing/faults.js').Fault} Fault */

/** A service with a log of one entry, and a second writer. @param {import('node:test').TestContext} t */
async function startService(t) {
  const script = new FaultScript()
  const service = await startServer({ store: new MemoryStore(), around: script.around })
  t.after(() => service.close())
  /** The next requests of a method meet these, each one of them. @param {'PUT' | 'GET'} method @param {...Fault} faults */
  const addFaults = (method, ...faults) => {
    for (const fault of faults) script.add(fault, { method, times: 1 })
  }
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
  return { url, addFaults, otherWriter, uuids, first }
}

for (const [name, fault] of /** @type {[string, Fault][]} */ ([
  ['a cut connection', resetAfter],
  ['a 502', statusAfter(502)],
  ['a 204', statusAfter(204)],
  ['a 408', statusAfter(408)],
])) {
  test(`an entry that was stored, and whose response was ${name}, is stored once`, async (t) => {
    const host = useHost(t)
    const { url, addFaults, uuids, first } = await startService(t)
    addFaults('PUT', fault)
    const entry = createEntry()
    assert.equal(await appendSessionLog('s', entry, url), true)
    assert.deepEqual(await uuids(), [first.uuid, entry.uuid])
    assert.ok(host.events.includes('session_persist_recovered_from_409'))
  })

  test(`an entry that was stored, and whose response was ${name}, is stored once where another writer was faster`, async (t) => {
    useHost(t)
    const { url, addFaults, otherWriter, uuids, first } = await startService(t)
    const [entry, theirs, next] = [createEntry(), createEntry(), createEntry()]
    addFaults('PUT', (handler) => fault(meanwhile(() => otherWriter(theirs))(handler)))
    assert.equal(await appendSessionLog('s', entry, url), true)
    assert.equal(await appendSessionLog('s', next, url), true)
    assert.deepEqual(await uuids(), [first.uuid, entry.uuid, theirs.uuid, next.uuid])
  })
}

test('an entry whose response is lost after a read that found it is stored once', async (t) => {
  useHost(t)
  const { url, addFaults, uuids, first } = await startService(t)
  const entry = createEntry()
  // The read makes the entry the session's head, and a server stores what continues from its head.
  addFaults('PUT', (handler) => resetAfter(meanwhile(() => getSessionLogs('s', url))(handler)))
  assert.equal(await appendSessionLog('s', entry, url), true)
  assert.deepEqual(await uuids(), [first.uuid, entry.uuid])
})

test('an entry that was not stored is sent once more where another writer was faster', async (t) => {
  useHost(t)
  const { url, addFaults, otherWriter, uuids, first } = await startService(t)
  const [entry, theirs] = [createEntry(), createEntry()]
  addFaults('PUT', (handler) => async (request, response) => {
    await otherWriter(theirs)
    await resetBefore(handler)(request, response)
  })
  assert.equal(await appendSessionLog('s', entry, url), true)
  assert.deepEqual(await uuids(), [first.uuid, theirs.uuid, entry.uuid])
})

test('a failed look at the log leaves an entry in doubt, and is repeated before the entry is sent', async (t) => {
  const host = useHost(t)
  const { url, addFaults, otherWriter, uuids, first } = await startService(t)
  const [entry, theirs] = [createEntry(), createEntry()]
  addFaults('PUT', (handler) => resetAfter(meanwhile(() => otherWriter(theirs))(handler)))
  addFaults('GET', (handler) => handler, status(500), truncated, resetBefore)
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
  const { url, addFaults, uuids, first } = await startService(t)
  const entry = createEntry()
  addFaults('PUT', resetAfter, status(503))
  assert.equal(await appendSessionLog('s', entry, url), false)
  assert.equal(await appendSessionLog('s', entry, url), true)
  assert.deepEqual(await uuids(), [first.uuid, entry.uuid])
  assert.equal(host.events.at(-1), 'session_persist_recovered_from_409')
})
