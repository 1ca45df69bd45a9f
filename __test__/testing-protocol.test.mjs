// The server of session-ingress/testing: how it responds, and what survives a kill.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startIngressServer } from 'session-ingress/testing'

const CLI = fileURLToPath(new URL('../lib/cli/index.js', import.meta.url))

/** @param {import('node:test').TestContext} t @param {{ token?: string }} [options] */
async function start(t, options) {
  const dir = await mkdtemp(join(tmpdir(), 'session-ingress-test-'))
  const service = await startIngressServer({ dir, ...options })
  t.after(async () => {
    await service.close()
    await rm(dir, { recursive: true })
  })
  const request = async (/** @type {string} */ path, /** @type {RequestInit} */ init = {}, token = 'Bearer any') => {
    const response = await fetch(service.url + path, { ...init, headers: { authorization: token, ...init.headers } })
    const text = await response.text()
    return { status: response.status, head: response.headers.get('x-last-uuid'), body: JSON.parse(text) }
  }
  const log = '/v1/session_ingress/session/s'
  const put = (/** @type {unknown} */ entry, /** @type {string | undefined} */ head) => {
    const headers = /** @type {Record<string, string>} */ (head === undefined ? {} : { 'last-uuid': head })
    return request(log, { method: 'PUT', headers, body: typeof entry === 'string' ? entry : JSON.stringify(entry) })
  }
  const events = (/** @type {string} */ query) => request(`/v1/code/sessions/s/teleport-events?${query}`)
  return { dir, service, request, put, log, events }
}

test('the server stores an entry where Last-Uuid is the head, and else responds with a conflict that names the head', async (t) => {
  const { put, request, log } = await start(t)
  assert.deepEqual(await put({ uuid: 'x' }, 'nothing'), {
    ...(await put({ uuid: 'x' }, 'nothing')),
    status: 409,
    head: null,
  })
  assert.equal((await put({ uuid: 'a' }, undefined)).status, 201)
  assert.equal((await put({ uuid: 'b' }, 'a')).status, 201)
  for (const head of [undefined, 'a', 'c']) {
    const { status, head: named } = await put({ uuid: 'c' }, head)
    assert.deepEqual([status, named], [409, 'b'])
  }
  const { status, body } = await request(log)
  assert.deepEqual([status, body], [200, { loglines: [{ uuid: 'a' }, { uuid: 'b' }] }])
})

test('of writers at the same moment the server lets one succeed', async (t) => {
  const { put } = await start(t)
  const statuses = await Promise.all(['a', 'b', 'c', 'd'].map(async (uuid) => (await put({ uuid }, undefined)).status))
  assert.deepEqual(statuses.sort(), [201, 409, 409, 409])
})

test('the server responds with 404 for an unknown session', async (t) => {
  const { request, events, log } = await start(t)
  assert.equal((await request(log)).status, 404)
  assert.equal((await events('')).status, 404)
  assert.equal((await request('/elsewhere')).status, 404)
})

test('the server wants a bearer token, and where one is set, that one', async (t) => {
  const { request, log } = await start(t, { token: 'right' })
  for (const token of ['', 'Bearer', 'Basic right', 'Bearer wrong'])
    assert.equal((await request(log, {}, token)).status, 401)
  assert.equal((await request(log, {}, 'Bearer right')).status, 404)
})

test('the server refuses a body that is no object with a uuid', async (t) => {
  const { put } = await start(t)
  for (const body of ['', '{', '[]', 'null', '{"uuid":1}', '{"uuid":""}', '{"uuid":"\\n"}'])
    assert.equal((await put(body, undefined)).status, 400)
})

test('the server gives events in pages of 500, or as asked for up to 1000, behind opaque cursors', async (t) => {
  const { put, events } = await start(t)
  let head
  for (let n = 0; n < 1100; n++) {
    await put({ uuid: `u${n}`, type: 'user', n }, head)
    head = `u${n}`
  }
  const sizes = async (/** @type {string} */ query) => {
    const found = []
    let cursor
    do {
      const page = await events(cursor === undefined ? query : `${query}&cursor=${encodeURIComponent(cursor)}`)
      found.push(page.body.data.length)
      cursor = page.body.next_cursor
    } while (cursor !== undefined)
    return found
  }
  assert.deepEqual(await sizes(''), [500, 500, 100])
  assert.deepEqual(await sizes('limit=1000'), [1000, 100])
  assert.deepEqual(await sizes('limit=5000'), [1000, 100])
  const [event] = (await events('limit=1')).body.data
  assert.deepEqual(event, {
    event_id: 'u0',
    event_type: 'user',
    is_compaction: false,
    created_at: null,
    payload: { uuid: 'u0', type: 'user', n: 0 },
  })
  for (const query of ['limit=0', 'limit=x', 'cursor=nonsense']) assert.equal((await events(query)).status, 400)
})

test('the server gives the entries from the last compaction on for after_last_compact', async (t) => {
  const { put, request, log } = await start(t)
  const entries = [{ uuid: 'a' }, { uuid: 'b', isCompactSummary: true }, { uuid: 'c' }]
  await put(entries[0], undefined)
  const uuids = async () =>
    (await request(`${log}?after_last_compact=true`)).body.loglines.map((/** @type {any} */ entry) => entry.uuid)
  assert.deepEqual(await uuids(), ['a'])
  await put(entries[1], 'a')
  await put(entries[2], 'b')
  assert.deepEqual(await uuids(), ['b', 'c'])
})

test('the server keeps an entry as it came, on one line', async (t) => {
  const { put, dir } = await start(t)
  await put('{\n "uuid": "a",\r\n "n": 1E400, "s": "\\n" }', undefined)
  assert.equal(await readFile(join(dir, 's.jsonl'), 'utf8'), '{  "uuid": "a",  "n": 1E400, "s": "\\n" }\n')
})

test('a killed server loses no entry that was acknowledged, and cuts an unfinished line off', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'session-ingress-test-'))
  t.after(() => rm(dir, { recursive: true }))
  const start = async () => {
    const child = spawn(process.execPath, [CLI, 'serve', '--dir', dir], { stdio: ['ignore', 'pipe', 'inherit'] })
    t.after(() => child.kill('SIGKILL'))
    const [line] = await once(createInterface(child.stdout), 'line')
    return { child, url: `${/http:\S+(?=,)/.exec(line)}/v1/session_ingress/session/s%2F1` }
  }
  const headers = { authorization: 'Bearer t' }
  const { child, url } = await start()
  let head = ''
  for (let n = 0; n < 20; n++) {
    const last = /** @type {Record<string, string>} */ (head === '' ? {} : { 'last-uuid': head })
    head = `u${n}`
    const { status } = await fetch(url, { method: 'PUT', headers: { ...headers, ...last }, body: `{"uuid":"${head}"}` })
    assert.equal(status, 201)
  }
  child.kill('SIGKILL')
  await once(child, 'exit')
  await appendFile(join(dir, 's%2F1.jsonl'), '{"uuid":"half')

  const again = await start()
  const { loglines } = /** @type {any} */ (await (await fetch(again.url, { headers })).json())
  assert.deepEqual(loglines.length, 20)
  assert.equal(loglines[19].uuid, 'u19')
  const next = await fetch(again.url, {
    method: 'PUT',
    headers: { ...headers, 'last-uuid': 'u19' },
    body: '{"uuid":"u20"}',
  })
  assert.equal(next.status, 201)
})
