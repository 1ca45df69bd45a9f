// Which matchers hold for results, as docs/testing.md has it; and what fake timers and module resets do. `test` and
// `runner` (jest or vi) are the runner's own. Prints the names of the matchers that fail.

import assert from 'node:assert'
import { appendSessionLog, configure, flush, getSessionLogs, sessionStats } from 'session-ingress'
import { reset, startIngressServer } from 'session-ingress/testing'
import { afterEach, beforeEach, expect, load, runner, test } from './runner.mjs'

const ENTRY = { uuid: 'a', list: [1] }

/** @type {import('session-ingress/testing').IngressServer} */
let server
beforeEach(async () => {
  server = await startIngressServer()
  configure({ getSessionIngressAuthToken: () => 'token', proxy: null, retry: { baseDelayMs: 1 } })
})
afterEach(async () => {
  reset()
  await server.close()
})

test('matchers', async () => {
  const promise = appendSessionLog('s', ENTRY, server.logUrl('s'))
  await promise
  const list = /** @type {object[]} */ (await getSessionLogs('s', server.logUrl('s')))
  const rejects = () => expect(appendSessionLog('s', { uuid: '' }, server.logUrl('s'))).rejects
  const error = await appendSessionLog('s', { uuid: '' }, server.logUrl('s')).catch((error) => error)
  /** @type {Record<string, () => unknown>} */
  const matchers = {
    toEqual: () => expect(list).toEqual([ENTRY]),
    toMatchObject: () => expect(list).toMatchObject([{ uuid: 'a' }]),
    toContainEqual: () => expect(list).toContainEqual(ENTRY),
    toHaveLength: () => expect(list).toHaveLength(1),
    objectContaining: () => expect(list[0]).toEqual(expect.objectContaining({ uuid: 'a' })),
    arrayContaining: () => expect(list).toEqual(expect.arrayContaining([ENTRY])),
    toStrictEqual: () => expect(list).toStrictEqual([ENTRY]),
    'expect.any(Array)': () => expect(list).toEqual(expect.any(Array)),
    toBeInstanceOf: () => expect(list).toBeInstanceOf(Array),
    // biome-ignore lint/suspicious/useIsArray: what is looked at is this
    'instanceof Array': () => assert.ok(list instanceof Array),
    'instanceof Promise': () => assert.ok(promise instanceof Promise),
    'instanceof Error': () => assert.ok(error instanceof Error),
    'Array.isArray': () => assert.ok(Array.isArray(list)),
    "rejects.toThrow('message')": () => rejects().toThrow('entry.uuid'),
    "rejects.toMatchObject({ name: 'TypeError' })": () => rejects().toMatchObject({ name: 'TypeError' }),
    'rejects.toThrow(TypeError)': () => rejects().toThrow(TypeError),
    'assert.deepEqual': () => assert.deepEqual(list, [ENTRY]),
    'assert.deepStrictEqual': () => assert.deepStrictEqual(list, [ENTRY]),
    'log toStrictEqual': () => expect(server.log('s')).toStrictEqual([ENTRY]),
    'requests toStrictEqual': () => expect(server.requests.map(({ method }) => method)).toStrictEqual(['PUT', 'GET']),
  }
  const failing = []
  for (const [name, matches] of Object.entries(matchers)) {
    try {
      await matches()
    } catch {
      failing.push(name)
    }
  }
  process.stdout.write(`\nfailing: ${failing.join(', ')}.\n`)
})

test('fake timers move neither the clock of the addon nor that of the server', async () => {
  runner.useFakeTimers()
  try {
    server.faults.delay(5, { times: 1 })
    server.faults.status(503, { times: 2 })
    expect(await appendSessionLog('s', ENTRY, server.logUrl('s'))).toBe(true)
    expect(await flush({ timeoutMs: 10_000 })).toBe(true)
  } finally {
    runner.useRealTimers()
  }
})

test('a module reset gives the same state', async () => {
  await appendSessionLog('s', ENTRY, server.logUrl('s'))
  runner.resetModules()
  const again = await load()
  expect(again.sessionStats('s').head).toBe('a')
  expect(sessionStats('s').head).toBe('a')
})

test('the environment of the process', async () => {
  process.env.CLAUDE_CODE_SESSION_ACCESS_TOKEN = 'of-the-test'
  configure({ getSessionIngressAuthToken: null })
  const isSeen = await appendSessionLog('s', ENTRY, server.logUrl('s'))
  process.stdout.write(`\nprocess.env ${isSeen ? 'is' : 'is not'} seen.\n`)
})
