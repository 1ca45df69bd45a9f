// HTTP/2 as nginx speaks it: SPEC section 8.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { makeEntries } from '../../benchmark/entries.mjs'
import { createFolder } from '../support/package.mjs'
import { createLogs, serve } from '../support/server.mjs'
import { createAuthorityFiles } from './support/authority.mjs'
import { startHost } from './support/host.mjs'
import { startNginx } from './support/nginx.mjs'
import { urlOf } from './support/service.mjs'

const dir = createFolder({ after })
const authority = createAuthorityFiles(dir)
const certificate = authority.issue('server')
const env = { NODE_EXTRA_CA_CERTS: authority.file }
const HTTP2 = { listen: 'ssl http2', certificate }

/**
 * Appends so many entries to each of so many sessions, all at once.
 *
 * @param {Awaited<ReturnType<typeof startHost>>} host
 * @param {string} base
 * @param {number} sessions
 * @param {number} entries
 */
async function appendAll(host, base, sessions, entries) {
  const appended = []
  for (let n = 0; n < entries; n += 1) {
    for (let s = 0; s < sessions; s += 1) {
      appended.push(host.appendSessionLog(`s${s}`, { uuid: `s${s}-${n}` }, urlOf(base, `s${s}`)))
    }
  }
  assert.ok((await Promise.all(appended)).every((is) => is === true))
}

/** @param {Map<string, any[]>} logs @param {number} sessions @param {number} entries */
function assertStoredOnce(logs, sessions, entries) {
  assert.equal(logs.size, sessions)
  const expected = (/** @type {string} */ id) => Array.from({ length: entries }, (_, n) => `${id}-${n}`)
  for (const [path, log] of logs) {
    const id = path.split('/').at(-1) ?? ''
    assert.deepEqual(
      log.map(({ uuid }) => uuid),
      expected(id),
    )
  }
}

test('64 sessions share one connection', async (t) => {
  const store = createLogs()
  const service = await serve(t, store.handler)
  const nginx = await startNginx(t, { ...HTTP2, upstream: service.url, server: ['keepalive_requests 100000;'] })
  const host = await startHost(t, { env })
  await appendAll(host, nginx.url, 64, 20)
  assertStoredOnce(store.logs, 64, 20)
  const log = await nginx.stopAndReadLog()
  assert.equal(log.length, 64 * 20)
  assert.deepEqual(new Set(log.map(({ protocol }) => protocol)), new Set(['HTTP/2.0']))
  assert.equal(new Set(log.map(({ connection }) => connection)).size, 1)
})

test('10,000 appends over connections that the server ends again and again are each stored once', async (t) => {
  const store = createLogs()
  const service = await serve(t, store.handler)
  const nginx = await startNginx(t, { ...HTTP2, upstream: service.url, server: ['keepalive_requests 250;'] })
  const host = await startHost(t, { env })
  await appendAll(host, nginx.url, 50, 200)
  assert.deepEqual(host.errors, [])
  assert.deepEqual(host.diagnostics, [])
  assertStoredOnce(store.logs, 50, 200)
  // No attempt was lost, and none was made twice.
  assert.equal(service.requests.length, 10_000)
  const log = await nginx.stopAndReadLog()
  assert.equal(log.length, 10_000)
  const connections = new Set(log.map(({ connection }) => connection)).size
  assert.ok(connections >= 40, `${connections} connections`)
})

test('a connection whose streams are few is waited for, or has others beside it', async (t) => {
  const store = createLogs()
  const service = await serve(t, store.handler)
  const server = ['http2_max_concurrent_streams 4;', 'keepalive_requests 100000;']
  const nginx = await startNginx(t, { ...HTTP2, upstream: service.url, server })
  const host = await startHost(t, { env })
  await appendAll(host, nginx.url, 64, 10)
  assert.deepEqual(host.errors, [])
  assertStoredOnce(store.logs, 64, 10)
  assert.equal(service.requests.length, 640)
})

test('a server that speaks HTTP/1.1 only is spoken to in it', async (t) => {
  const nginx = await startNginx(t, { listen: 'ssl', certificate })
  const host = await startHost(t, { env })
  await appendAll(host, nginx.url, 2, 2)
  assert.deepEqual(new Set((await nginx.stopAndReadLog()).map(({ protocol }) => protocol)), new Set(['HTTP/1.1']))
})

test('a log of 28 MB is read as it is, while appends go on over the same connection', async (t) => {
  const entries = [...makeEntries(10_000)]
  await writeFile(join(dir, 'log.json'), JSON.stringify({ loglines: entries }))
  const server = [`location = /log.json { root ${dir}; }`, 'keepalive_requests 100000;']
  const nginx = await startNginx(t, { ...HTTP2, server })
  const host = await startHost(t, { env })
  let reading = true
  const read = host.getSessionLogs('read', `${nginx.url}/log.json`).finally(() => {
    reading = false
  })
  let appends = 0
  while (reading) {
    appends += 1
    assert.equal(await host.appendSessionLog('other', { uuid: `other-${appends}` }, urlOf(nginx.url, 'other')), true)
  }
  assert.deepEqual(await read, entries)
  assert.deepEqual(host.errors, [])
  const log = await nginx.stopAndReadLog()
  assert.equal(log.length, appends + 1)
  assert.equal(new Set(log.map(({ connection }) => connection)).size, 1)
})
