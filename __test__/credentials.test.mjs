// What a host supplies (token, server, headers) and what stands in for it: specification.md, sections 2 and 3.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { runProgram } from './support/child.mjs'
import { serve, serveInOrder } from './support/server.mjs'

/** @type {any} */
const { appendSessionLog, getSessionLogs, getSessionLogsViaOAuth, getTeleportEvents } = addon

/** @param {import('node:test').TestContext} t @param {Record<string, string | undefined>} variables */
function useEnvironment(t, variables) {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name]
    t.after(() => {
      delete process.env[name]
      if (before !== undefined) process.env[name] = before
    })
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
}

const NO_TOKEN = { CLAUDE_CODE_SESSION_ACCESS_TOKEN: undefined, CLAUDE_SESSION_INGRESS_TOKEN_FILE: undefined }

test('the token is asked for once for each append and each read, and trimmed', async (t) => {
  let asked = 0
  useHost(t, { getSessionIngressAuthToken: () => ` \ttoken-${++asked}\n\ufeff` })
  const server = await serveInOrder(t, { status: 500 }, { status: 201 }, { body: { loglines: [] } })
  await appendSessionLog('s', createEntry(), server.url)
  await getSessionLogs('s', server.url)
  const sent = server.requests.map(({ headers }) => headers.authorization)
  assert.deepEqual(sent, ['Bearer token-1', 'Bearer token-1', 'Bearer token-2'])
})

test('the token is taken on the stack of the caller', async (t) => {
  let asked = 0
  useHost(t, { getSessionIngressAuthToken: () => `token-${++asked}` })
  const server = await serve(t, () => ({ status: 201 }))
  const appended = appendSessionLog('s', createEntry(), server.url)
  assert.equal(asked, 1)
  await appended
})

test('an append or read without a token sends nothing', async (t) => {
  useEnvironment(t, NO_TOKEN)
  const server = await serve(t, () => ({ status: 201 }))
  for (const token of [null, undefined, '', ' \n\t']) {
    const host = useHost(t, { getSessionIngressAuthToken: () => token })
    assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
    assert.equal(await getSessionLogs('s', server.url), null)
    assert.deepEqual(host.diagnostics, [
      ['error', 'session_persist_fail_jwt_no_token'],
      ['error', 'session_get_fail_no_token'],
    ])
    assert.deepEqual(host.errors, [])
  }
  assert.equal(server.requests.length, 0)
})

test('the default token comes from the environment, else from the file that it names', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'session-ingress-test-'))
  t.after(() => rm(dir, { recursive: true }))
  const file = join(dir, 'token')
  await writeFile(file, '\n from-file \n')
  useHost(t, { getSessionIngressAuthToken: null })
  const server = await serve(t, () => ({ status: 201 }))
  const sent = async () => {
    await appendSessionLog('s', createEntry(), server.url)
    return server.requests.at(-1)?.headers.authorization
  }
  useEnvironment(t, { CLAUDE_CODE_SESSION_ACCESS_TOKEN: ' from-env ', CLAUDE_SESSION_INGRESS_TOKEN_FILE: file })
  assert.equal(await sent(), 'Bearer from-env')
  delete process.env.CLAUDE_CODE_SESSION_ACCESS_TOKEN
  assert.equal(await sent(), 'Bearer from-file')
  process.env.CLAUDE_SESSION_INGRESS_TOKEN_FILE = join(dir, 'missing')
  assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
})

test('a token callback that throws rejects with what it threw', async (t) => {
  const thrown = { not: 'an error' }
  useHost(t, {
    getSessionIngressAuthToken: () => {
      throw thrown
    },
  })
  await assert.rejects(appendSessionLog('s', createEntry(), 'http://127.0.0.1:9/'), (error) => error === thrown)
  await assert.rejects(getSessionLogs('s', 'http://127.0.0.1:9/'), (error) => error === thrown)
})

test('a token callback that returns something else rejects with a TypeError that names it', async (t) => {
  for (const token of [1, {}, true, Promise.resolve('token'), Symbol('token')]) {
    useHost(t, { getSessionIngressAuthToken: /** @type {any} */ (() => token) })
    const expected = { name: 'TypeError', message: /getSessionIngressAuthToken/ }
    await assert.rejects(appendSessionLog('s', createEntry(), 'http://127.0.0.1:9/'), expected)
    await assert.rejects(getSessionLogs('s', 'http://127.0.0.1:9/'), expected)
  }
})

test('a callback that should not return a promise does not end the process by one that rejects', async (t) => {
  const rejects = /** @type {any} */ (() => Promise.reject(new Error('of the host')))
  const supplied = ['getSessionIngressAuthToken', 'getOauthConfig', 'getOAuthHeaders']
  for (const name of supplied) {
    useHost(t, { [name]: rejects })
    const expected = { name: 'TypeError', message: new RegExp(name) }
    const [first] = supplied
    const call = name === first ? getSessionLogs('s', 'http://127.0.0.1:9/') : getTeleportEvents('s', 'token', 'org')
    await assert.rejects(call, expected)
  }
  // Rejections that nobody handles are found by now; they fail this test.
  await new Promise((resolve) => setImmediate(resolve))
})

test('a token that no header can carry fails at once', async (t) => {
  const host = useHost(t, { getSessionIngressAuthToken: () => 'a\nb' })
  assert.equal(await appendSessionLog('s', createEntry(), 'http://127.0.0.1:9/'), false)
  assert.deepEqual(host.diagnostics, [['error', 'session_persist_fail_status', { attempt: 1 }]])
  assert.equal(await getSessionLogs('s', 'http://127.0.0.1:9/'), null)
  assert.deepEqual(host.diagnostics[1], ['error', 'session_get_fail_status', {}])
})

test('after a 401 the token is asked for again, and another one is tried at once', async (t) => {
  const tokens = ['old', 'new']
  const host = useHost(t, { getSessionIngressAuthToken: () => tokens.shift(), retry: { baseDelayMs: 60_000 } })
  const server = await serveInOrder(t, { status: 401 }, { status: 201 })
  assert.equal(await appendSessionLog('s', createEntry(), server.url), true)
  assert.equal(server.requests[1].headers.authorization, 'Bearer new')
  assert.deepEqual(host.diagnostics, [['error', 'session_persist_fail_bad_token']])
})

test('entries that are queued behind an expired token ask for another one once', async (t) => {
  let asked = 0
  const host = useHost(t, { getSessionIngressAuthToken: () => (asked++ < 50 ? 'old' : 'new') })
  const server = await serve(t, ({ headers }) => ({ status: headers.authorization === 'Bearer new' ? 201 : 401 }))
  const begun = performance.now()
  const appends = Array.from({ length: 50 }, (_, index) =>
    appendSessionLog(index < 25 ? 's' : `s${index}`, createEntry(), server.url),
  )
  assert.deepEqual(await Promise.all(appends), Array(50).fill(true))
  // At each call, and then once for all that were refused, and again after a second.
  assert.ok(asked <= 51 + (performance.now() - begun) / 1000, `asked ${asked} times`)
  assert.deepEqual(host.events, Array(50).fill('session_persist_fail_bad_token'))
})

test('after a 401 with the same token, none, a throw or a wrong type, the append has failed', async (t) => {
  const throws = () => {
    throw new Error('no')
  }
  for (const renew of [() => 'old', () => ' old ', () => null, () => '', throws, () => 3]) {
    let asked = 0
    const token = /** @type {any} */ (() => (asked++ === 0 ? 'old' : renew()))
    const host = useHost(t, { getSessionIngressAuthToken: token })
    const server = await serveInOrder(t, { status: 401 })
    assert.equal(await appendSessionLog('s', createEntry(), server.url), false)
    assert.equal(asked, 2)
    assert.deepEqual(host.diagnostics, [['error', 'session_persist_fail_bad_token']])
    assert.deepEqual(host.errors, [])
  }
})

for (const [name, read] of /** @type {[string, (...values: string[]) => Promise<unknown>][]} */ ([
  ['getSessionLogsViaOAuth', getSessionLogsViaOAuth],
  ['getTeleportEvents', getTeleportEvents],
])) {
  test(`${name} uses the server and the headers of the host`, async (t) => {
    const server = await serveInOrder(t, { status: 404 })
    useHost(t, {
      getOauthConfig: () => ({ BASE_API_URL: server.url }),
      getOAuthHeaders: (token) => ({ Authorization: `Own ${token}`, 'X-Own': 'ö', 'User-Agent': 'cli/1' }),
    })
    await read('s', 'access', 'org-1')
    const [{ method, headers }] = server.requests
    assert.equal(method, 'GET')
    assert.equal(headers.authorization, 'Own access')
    assert.equal(headers['x-own'], Buffer.from('ö').toString('latin1'))
    assert.equal(headers['x-organization-uuid'], 'org-1')
    assert.equal(headers['user-agent'], 'cli/1')
    assert.equal(headers['content-type'], undefined)
  })

  test(`${name} sends no length or encoding of a body that the host's headers name`, async (t) => {
    const server = await serve(t, () => ({ status: 404 }))
    useHost(t, {
      getOauthConfig: () => ({ BASE_API_URL: server.url }),
      getOAuthHeaders: () => ({ 'Content-Length': '5', 'transfer-encoding': 'chunked', 'X-Own': 'own' }),
      timeouts: { fetchMs: 5000 },
    })
    await read('s', 'access', 'org-1')
    const [{ headers }] = server.requests
    assert.equal(headers['x-own'], 'own')
    assert.deepEqual([headers['content-length'], headers['transfer-encoding']], [undefined, undefined])
  })

  test(`${name} has headers of its own where the host has none`, async (t) => {
    const server = await serveInOrder(t, { status: 404 })
    useHost(t, { getOauthConfig: () => ({ BASE_API_URL: server.url }) })
    await read('s', 'access', 'org-1')
    const [{ headers }] = server.requests
    assert.equal(headers.authorization, 'Bearer access')
    assert.equal(headers['content-type'], 'application/json')
    assert.equal(headers['anthropic-version'], '2023-06-01')
    assert.equal(headers['x-organization-uuid'], 'org-1')
  })

  test(`${name} rejects with what the config or the headers threw`, async (t) => {
    const thrown = new Error('from the host')
    const throws = () => {
      throw thrown
    }
    useHost(t, { getOauthConfig: throws })
    await assert.rejects(read('s', 't', 'o'), thrown)
    useHost(t, { getOAuthHeaders: throws })
    await assert.rejects(read('s', 't', 'o'), thrown)
  })

  test(`${name} rejects a config or headers of the wrong type, by name`, async (t) => {
    const config = [undefined, null, 1, 'http://a', {}, { BASE_API_URL: 1 }, Promise.resolve({ BASE_API_URL: 'x' })]
    for (const value of config) {
      useHost(t, { getOauthConfig: /** @type {any} */ (() => value) })
      await assert.rejects(read('s', 't', 'o'), { name: 'TypeError', message: /getOauthConfig/ })
    }
    const headers = [undefined, null, 1, 'x', [], Promise.resolve({}), { a: 1 }, { a: undefined }, { a: ['b'] }]
    for (const value of [...headers, new Headers({ a: 'b' }), new Map([['a', 'b']])]) {
      useHost(t, { getOAuthHeaders: /** @type {any} */ (() => value) })
      await assert.rejects(read('s', 't', 'o'), { name: 'TypeError', message: /getOAuthHeaders/ })
    }
  })

  test(`${name} gives null where headers cannot be sent`, async (t) => {
    const host = useHost(t, { getOAuthHeaders: () => ({ 'X-Own': 'a\nb' }) })
    assert.equal(await read('s', 't', 'o'), null)
    assert.equal(await read('s', 't', 'o\n'), null)
    assert.equal(host.errors.length, 2)
  })
}

test('the default server is https://api.anthropic.com, as a proxy sees it', async (t) => {
  const asked = /** @type {(string | undefined)[]} */ ([])
  const proxy = createServer().on('connect', (request, socket) => {
    asked.push(request.url)
    // Nothing leaves the machine.
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.after(() => proxy.close())
  const { port } = /** @type {import('node:net').AddressInfo} */ (proxy.address())
  const { stdout } = await runProgram('default-server', { url: `http://127.0.0.1:${port}` })
  assert.equal(stdout, 'null\nnull\n')
  assert.deepEqual([...new Set(asked)], ['api.anthropic.com:443'])
})
