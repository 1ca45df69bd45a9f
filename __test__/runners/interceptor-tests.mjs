// What interceptors and fake timers of Node do to the addon: nothing.

import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { appendSessionLog, configure } from 'session-ingress'
import { reset, startIngressServer } from 'session-ingress/testing'

/** @param {string} name */
const load = (name) => import(name)

/** @param {import('node:test').TestContext} t */
async function start(t) {
  const server = await startIngressServer()
  configure({ getSessionIngressAuthToken: () => 'token', proxy: null, retry: { baseDelayMs: 1 } })
  t.after(() => {
    reset()
    return server.close()
  })
  return server
}

test('nock does not keep the addon from the network', async (t) => {
  const { default: nock } = await load('nock')
  const server = await start(t)
  nock.disableNetConnect()
  t.after(() => nock.restore())
  await assert.rejects(fetch(server.url))
  assert.equal(await appendSessionLog('s', { uuid: 'a' }, server.logUrl('s')), true)
})

test('msw does not see what the addon sends', async (t) => {
  const { http, HttpResponse } = await load('msw')
  const { setupServer } = await load('msw/node')
  const server = await start(t)
  const interceptor = setupServer(http.all('*', () => new HttpResponse(null, { status: 500 })))
  interceptor.listen()
  t.after(() => interceptor.close())
  assert.equal((await fetch(server.url)).status, 500)
  assert.equal(await appendSessionLog('s', { uuid: 'a' }, server.logUrl('s')), true)
})

test('fake timers of node:test do not move the clock of the addon', async (t) => {
  const server = await start(t)
  server.faults.delay(5, { times: 1 })
  server.faults.status(503, { times: 2 })
  mock.timers.enable()
  t.after(() => mock.timers.reset())
  assert.equal(await appendSessionLog('s', { uuid: 'a' }, server.logUrl('s')), true)
})
