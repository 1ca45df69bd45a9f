// haproxy, which closes connections that are idle, and responds for a service that is slow: specification.md, section 8.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFolder } from '../support/package.mjs'
import { combine, createAuthorityFiles } from './support/authority.mjs'
import { startHaproxy } from './support/haproxy.mjs'
import { startHost } from './support/host.mjs'
import { startService, urlOf } from './support/service.mjs'

const authority = createAuthorityFiles(createFolder({ after }))
const certificate = combine(authority.issue('server'))
const TRUSTING = { NODE_EXTRA_CA_CERTS: authority.file }

/** So many sessions, each with so many appends. */
const SESSIONS = 12
const APPENDS = 40

/** @param {import('node:test').TestContext} t @param {string} bind @param {number} keepAliveMs */
async function appendAroundCloses(t, bind, keepAliveMs) {
  const service = await startService(t)
  const defaults = [`timeout http-keep-alive ${keepAliveMs}ms`, `timeout client ${keepAliveMs}ms`]
  const haproxy = await startHaproxy(t, { upstream: service.url, bind, defaults })
  const host = await startHost(t, { env: TRUSTING })
  const sessions = Array.from({ length: SESSIONS }, (_, n) => `session-${n}`)
  await Promise.all(
    sessions.map(async (id) => {
      for (let n = 0; n < APPENDS; n += 1) {
        assert.equal(await host.appendSessionLog(id, { uuid: `${id}-${n}` }, urlOf(haproxy.url, id)), true)
        // Before, after, and just when the connection is closed.
        if (n % 4 === 0) await sleep(keepAliveMs * Math.random() * 2)
        if (n % 4 === 1) await sleep(keepAliveMs * (0.95 + 0.1 * Math.random()))
      }
    }),
  )
  assert.deepEqual(service.requests, { PUT: SESSIONS * APPENDS, GET: 0 })
  for (const id of sessions) {
    const expected = Array.from({ length: APPENDS }, (_, n) => `${id}-${n}`)
    const stored = (await service.log(id)).map(({ uuid }) => uuid)
    assert.deepEqual(stored, expected)
  }
  return host
}

for (const keepAliveMs of [50, 100, 300]) {
  for (const [protocol, bind] of [
    ['http', ''],
    ['https', `ssl crt ${certificate}`],
  ]) {
    test(`connections over ${protocol} that are closed when idle for ${keepAliveMs} ms cost no entry`, async (t) => {
      const host = await appendAroundCloses(t, bind, keepAliveMs)
      // What is written in the moment of the close is lost, and nobody can know whether it was processed. A new
      // connection that is not used at once is closed, too.
      for (const error of host.errors) assert.match(error, /the response broke off: |no connection: /)
      for (const [, event] of host.diagnostics) assert.equal(event, 'session_persist_fail_status')
      t.diagnostic(`${host.errors.length} of ${SESSIONS * APPENDS} appends took a second attempt`)
    })
  }
}

test('an entry whose response is late, for which haproxy responds with 504, is found in the log and not doubled', async (t) => {
  const LATE_MS = 300
  let puts = 0
  const service = await startService(t, {
    around: (handler) => async (request, response) => {
      if (request.method === 'PUT' && ++puts % 5 === 0) {
        // Stored in time, and responded too late.
        const end = response.end.bind(response)
        response.end = /** @type {any} */ ((/** @type {any} */ body) => void setTimeout(() => end(body), LATE_MS))
      }
      await handler(request, response)
    },
  })
  const haproxy = await startHaproxy(t, { upstream: service.url, defaults: [`timeout server ${LATE_MS / 3}ms`] })
  const host = await startHost(t)
  const uuids = Array.from({ length: 60 }, (_, n) => `late-${n}`)
  for (const uuid of uuids) {
    assert.equal(await host.appendSessionLog('late', { uuid }, urlOf(haproxy.url, 'late')), true)
  }
  const stored = (await service.log('late')).map(({ uuid }) => uuid)
  assert.deepEqual(stored, uuids)
  const events = host.diagnostics.filter(([, event]) => event === 'session_persist_fail_status')
  assert.ok(events.length > 0)
  for (const [, , data] of events) assert.equal(data.status, 504)
})

test('a service that is gone for a while, for which haproxy responds with 503, gets its entry', async (t) => {
  const service = await startService(t)
  const haproxy = await startHaproxy(t, { upstream: service.url, defaults: ['timeout connect 50ms'] })
  const host = await startHost(t, { configure: { retry: { maxAttempts: 10, baseDelayMs: 20, maxDelayMs: 100 } } })
  await service.close()
  const appended = host.appendSessionLog('s', { uuid: 'entry' }, urlOf(haproxy.url, 's'))
  await host.diagnostic('session_persist_fail_status')
  assert.deepEqual(host.diagnostics[0], ['error', 'session_persist_fail_status', { status: 503, attempt: 1 }])
  await service.reopen()
  assert.equal(await appended, true)
  assert.deepEqual(await service.log('s'), [{ uuid: 'entry' }])
})
