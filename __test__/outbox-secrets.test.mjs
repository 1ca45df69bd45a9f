// What must never stand in the folder of an outbox: it is searched byte by byte while everything fails.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addon, QUICK, useHost } from './support/addon.mjs'
import { createOutage, readFolder, until } from './support/outbox.mjs'

const { appendSessionLog, configure, discardOutboxSession, flush } = addon

const FAILURES = [401, 403, 404, 408, 413, 429, 500, 503]

test('no token and no query of a URL stands in the folder, whatever fails', async (t) => {
  const outage = await createOutage(t)
  let tokens = 0
  const nextToken = () => {
    tokens += 1
    return `SECRET-token-${tokens}`
  }
  useHost(t, {
    getSessionIngressAuthToken: nextToken,
    retry: { ...QUICK, maxAttempts: 2 },
    // As a host that has another token each time.
    outbox: { dir: outage.dir, maxDelayMs: 20, getToken: nextToken },
  })
  t.after(() => discardOutboxSession())
  const server = await outage.start()
  /** @param {string} session @param {string} uuid */
  const append = (session, uuid) => {
    const url = `${outage.logUrl(session)}?signature=SECRET-query`
    return appendSessionLog(session, { uuid }, url)
  }
  let searched = 0
  const search = () => {
    for (const { path, text } of readFolder(outage.dir)) {
      assert.ok(!path.includes('SECRET') && !text.includes('SECRET'), path)
      searched += text.includes('"uuid"') ? 1 : 0
    }
  }
  for (const status of FAILURES) {
    const fault = server.faults.status(status, { method: 'PUT' })
    assert.deepEqual(await Promise.all([append(`s${status}`, 'a'), append(`s${status}`, 'b')]), [false, false])
    await until(() => readFolder(outage.dir).some(({ text }) => text.includes(`"s${status}"`)))
    search()
    fault.end()
  }
  server.faults.reset({ stored: true, method: 'PUT', times: 1 })
  await append('s', 'a')
  search()
  await outage.stop()
  assert.equal(await append('s', 'b'), false)
  configure({ getSessionIngressAuthToken: () => null })
  assert.equal(await append('s', 'c'), false)
  search()
  assert.ok(searched >= FAILURES.length && tokens > FAILURES.length)
  await discardOutboxSession()
  await flush({ deferred: true })
})
