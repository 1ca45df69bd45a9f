// The main job of the package (appends of many sessions, reads, pages, clearing) through each server and proxy:
// the same comes of it as without any.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createFolder } from '../support/package.mjs'
import { combine, createAuthorityFiles } from './support/authority.mjs'
import { startHaproxy } from './support/haproxy.mjs'
import { plainEnvironment } from './support/host.mjs'
import { startMitmproxy } from './support/mitmproxy.mjs'
import { startNginx } from './support/nginx.mjs'
import { startService } from './support/service.mjs'
import { startSquid } from './support/squid.mjs'
import { startTinyproxy } from './support/tinyproxy.mjs'

const JOB = fileURLToPath(new URL('support/main-job.mjs', import.meta.url))
const authority = createAuthorityFiles(createFolder({ after }))
const certificate = authority.issue('server')
const TRUSTING = { NODE_EXTRA_CA_CERTS: authority.file }

/** Pages of teleport events that are small enough for there to be some. @type {import('../../lib/testing/faults.js').Fault} */
const smallPages = (handler) => (request, response) => {
  request.url = request.url.replace('limit=1000', 'limit=7')
  return handler(request, response)
}

/** @param {import('node:test').TestContext} t */
const start = (t) => startService(t, { around: smallPages })

/** What comes of the job. @param {string} url @param {NodeJS.ProcessEnv} [env] */
async function doJob(url, env) {
  const options = { env: { ...plainEnvironment(), ...env } }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [JOB, url], options)
  return { ...JSON.parse(stdout), errors: stderr.split('\n').slice(0, -1) }
}

/** @param {import('node:test').TestContext} t @param {{ url: string }} service */
const startTlsServer = (t, { url }) =>
  startNginx(t, { listen: 'ssl', certificate, upstream: url, server: ['keepalive_requests 100000;'] })

/** @type {Awaited<ReturnType<typeof doJob>>} */
let direct
before(async () => {
  /** @type {(() => Promise<void>)[]} */
  const ends = []
  const service = await startService({ after: (end) => void ends.push(end) }, { around: smallPages })
  try {
    direct = await doJob(service.url)
  } finally {
    for (const end of ends.reverse()) await end()
  }
})

test('the main job without anything between appends and reads 1,000 entries of 20 sessions', () => {
  const { stored, logs, viaOAuth, events, after, none, diagnostics, errors } = direct
  assert.deepEqual(stored, [1000, 20])
  assert.deepEqual(logs.counts, Array(20).fill(50))
  assert.deepEqual([viaOAuth, events], [logs, logs])
  assert.deepEqual(after.counts, Array(20).fill(51))
  assert.equal(none, null)
  assert.deepEqual(errors, [])
  const adopted = Array(20).fill(['info', 'session_persist_409_adopt_server_uuid'])
  assert.deepEqual(diagnostics, [...adopted, ['warn', 'teleport_events_not_found']])
})

test('the main job has the same outcome through nginx, which has HTTP/2, over HTTP/1.1', async (t) => {
  const service = await start(t)
  const nginx = await startNginx(t, { listen: 'ssl http2', certificate, upstream: service.url })
  assert.deepEqual(await doJob(nginx.url, TRUSTING), direct)
  const log = await nginx.stopAndReadLog()
  assert.deepEqual(new Set(log.map(({ protocol }) => protocol)), new Set(['HTTP/1.1']))
})

for (const [name, startProxy] of /** @type {const} */ ([
  ['squid', startSquid],
  ['tinyproxy', startTinyproxy],
])) {
  test(`the main job has the same outcome through ${name} over https`, async (t) => {
    const [service, proxy] = await Promise.all([start(t), startProxy(t)])
    const nginx = await startTlsServer(t, service)
    assert.deepEqual(await doJob(nginx.url, { ...TRUSTING, HTTPS_PROXY: proxy.url }), direct)
    assert.ok((await proxy.stopAndReadLog()).some(({ method }) => method === 'CONNECT'))
  })
}

test('the main job has the same outcome through squid over http', async (t) => {
  const [service, squid] = await Promise.all([start(t), startSquid(t)])
  assert.deepEqual(await doJob(service.url, { HTTP_PROXY: squid.url }), direct)
  assert.ok(service.headers.every(({ via }) => via?.includes('squid')))
})

// It closes each connection behind its response, and says nothing of it: an append that is written before the end of the
// connection is seen takes another attempt. How many do is a matter of the machine's speed.
test('the main job has the same outcome through tinyproxy over http', async (t) => {
  const [service, tinyproxy] = await Promise.all([start(t), startTinyproxy(t)])
  const { errors, diagnostics, ...results } = await doJob(service.url, { HTTP_PROXY: tinyproxy.url })
  assert.ok(service.headers.every(({ via }) => via?.includes('tinyproxy')))
  const { errors: none, diagnostics: expected, ...same } = direct
  assert.deepEqual(results, same)
  t.diagnostic(`${errors.length} requests met a closed connection`)
  for (const error of errors) assert.match(error, /the response broke off/)
  const known = ['session_persist_fail_status', 'session_persist_recovered_from_409']
  assert.deepEqual(
    diagnostics.filter((/** @type {[string, string]} */ [, event]) => !known.includes(event)),
    expected,
  )
})

for (const [protocol, bind] of [
  ['http', ''],
  ['https', `ssl crt ${combine(certificate)}`],
]) {
  test(`the main job has the same outcome through haproxy over ${protocol}`, async (t) => {
    const service = await start(t)
    const haproxy = await startHaproxy(t, { upstream: service.url, bind })
    assert.deepEqual(await doJob(haproxy.url, TRUSTING), direct)
  })
}

test('the main job has the same outcome through mitmproxy', async (t) => {
  const service = await start(t)
  const nginx = await startTlsServer(t, service)
  const proxy = await startMitmproxy(t, { trusts: authority.file })
  const env = { NODE_EXTRA_CA_CERTS: proxy.authority, HTTPS_PROXY: proxy.url }
  assert.deepEqual(await doJob(nginx.url, env), direct)
})
