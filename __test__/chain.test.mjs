// `checkChain`: a reader tells of entries whose parent stands nowhere in the list.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addon, useHost, useVariables } from './support/addon.mjs'
import { serve } from './support/server.mjs'

const { getSessionLogs, getSessionLogsViaOAuth, getTeleportEvents } = addon

const ENTRIES = [
  { uuid: 'a', parentUuid: null },
  { uuid: 'c', parentUuid: 'b' },
  { uuid: 'd', parentUuid: 'c' },
]
const GAP = ['warn', 'session_get_chain_gap', { gaps: 1 }]

/** @param {import('node:test').TestContext} t @param {unknown[]} entries */
async function start(t, entries) {
  const host = useHost(t)
  const body = JSON.stringify({ loglines: entries, data: entries.map((payload) => ({ payload })) })
  const server = await serve(t, () => ({ body }))
  addon.configure({ getOauthConfig: () => ({ BASE_API_URL: server.url }) })
  /** @param {import('../index.js').ReadOptions} [options] */
  const readers = (options) => [
    () => getSessionLogs('s', server.url, options),
    () => getSessionLogsViaOAuth('s', 't', 'o', options),
    () => getTeleportEvents('s', 't', 'o', options),
  ]
  return { host, readers }
}

test('each reader tells of a gap before it resolves, and gives the same entries', async (t) => {
  const { host, readers } = await start(t, ENTRIES)
  for (const read of readers({ checkChain: true })) {
    host.told.length = 0
    assert.deepEqual(await read(), ENTRIES)
    assert.deepEqual(host.diagnostics, [GAP])
    assert.ok(host.debugLines.includes('Entry c: its parent b is not in the log'))
  }
})

test('a whole chain is not told of', async (t) => {
  const { host, readers } = await start(t, [...ENTRIES, { uuid: 'b', parentUuid: 'a' }])
  for (const read of readers({ checkChain: true })) await read()
  assert.deepEqual(host.diagnostics, [])
})

test('nothing is looked for without the option', async (t) => {
  const { host, readers } = await start(t, ENTRIES)
  for (const checkChain of [false, null, undefined]) {
    for (const read of readers({ checkChain })) await read()
  }
  for (const read of readers()) await read()
  assert.deepEqual(host.diagnostics, [])
})

test('nothing is looked for in a log since its last compaction, whose first entries have their parents before it', async (t) => {
  const { host, readers } = await start(t, ENTRIES)
  useVariables(t, { CLAUDE_AFTER_LAST_COMPACT: '1' })
  const [viaToken, viaOAuth, events] = readers({ checkChain: true })
  await viaToken()
  await viaOAuth()
  assert.deepEqual(host.diagnostics, [])
  await events()
  assert.deepEqual(host.diagnostics, [GAP])
})

test('a checkChain that is no boolean is refused with its name', async (t) => {
  const { readers } = await start(t, ENTRIES)
  for (const read of readers(/** @type {any} */ ({ checkChain: 1 }))) {
    await assert.rejects(read, new TypeError('options.checkChain must be a boolean'))
  }
})
