// The end of a process, by itself, by process.exit or by a signal: at once, with Node's own exit code, and without a
// word on stderr.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runScript, startScript } from './support/child.mjs'
import { createRandom, roundsOf, seedOf } from './support/random.mjs'
import { createGate, serve } from './support/server.mjs'

const LIST = JSON.stringify({
  loglines: Array.from({ length: 2000 }, (_, n) => ({ uuid: `u${n}`, text: 'x'.repeat(300) })),
})

/** Has `work`, which appends, reads and flushes. */
const HOST = `
  addon.configure({ getSessionIngressAuthToken: () => 't', retry: { baseDelayMs: 1, maxDelayMs: 2 } })
  const work = () => {
    for (let n = 0; n < 50; n++) addon.appendSessionLog('s' + (n % 7), { uuid: 'u' + n }, url)
    addon.getSessionLogs('s', url, { onProgress: () => {} })
    addon.flush()
  }
`

/** A server to whose connections nobody says goodbye. @param {import('node:test').TestContext} t */
async function serveForEver(t) {
  const server = await serve(t, ({ method }, _response, index) =>
    method === 'PUT' ? { status: index % 5 === 0 ? 500 : 201 } : { body: LIST },
  )
  server.server.keepAliveTimeout = 0
  return server
}

for (const [what, script, expected] of [
  ['appends', `addon.appendSessionLog('s', { uuid: 'u' }, url).then(print)`, [true]],
  ['an append that failed', `addon.appendSessionLog('s', { uuid: 'u' }, 'http://127.0.0.1:9').then(print)`, [false]],
  ['an append that cannot be sent', `addon.appendSessionLog('s', { uuid: 'u' }, 'nonsense').then(print)`, [false]],
  ['a read', `addon.getSessionLogs('s', url).then((log) => print(log.length))`, [2000]],
  ['a read that failed', `addon.getSessionLogs('s', 'http://127.0.0.1:9').then(print)`, [null]],
  [
    'a read that was aborted',
    `const controller = new AbortController()
     addon.getSessionLogs('s', url + '/never', { signal: controller.signal }).catch(({ name }) => print(name))
     setTimeout(() => controller.abort(), 20)`,
    ['AbortError'],
  ],
  [
    'a read that a timeout aborted',
    `addon.getSessionLogs('s', url + '/never', { signal: AbortSignal.timeout(20) }).catch(({ name }) => print(name))`,
    ['TimeoutError'],
  ],
  [
    'a flush whose time was over, and what it waited for',
    `const controller = new AbortController()
     addon.appendSessionLog('s', { uuid: 'u' }, url)
     addon.flush({ timeoutMs: 0 }).then(print)
     addon.flush({ timeoutMs: 60000 }).then(print)`,
    [false, true],
  ],
  ['a call that was refused', `addon.appendSessionLog().catch(({ name }) => print(name))`, ['TypeError']],
]) {
  test(`after ${what} nothing keeps the process`, async (t) => {
    const server = await serve(t, ({ method, url }) => {
      if (url !== '/never') return method === 'PUT' ? { status: 201 } : { body: LIST }
    })
    server.server.keepAliveTimeout = 0
    const host = `
      addon.configure({ getSessionIngressAuthToken: () => 't', retry: { maxAttempts: 2, baseDelayMs: 1 } })
      const print = (value) => console.log(JSON.stringify(value))`
    const stdout = /** @type {unknown[]} */ (expected).map((value) => `${JSON.stringify(value)}\n`).join('')
    const ended = await runScript(`${host}\n${script}`, { url: server.url })
    assert.deepEqual(ended, { stdout, stderr: '', code: 0, signal: null })
  })
}

test('process.exit ends a process at any moment of 50 appends and a read, with its code', async (t) => {
  const random = createRandom(seedOf(t))
  const server = await serveForEver(t)
  const exits = [
    // Before anything is sent, or any time after.
    'work(); process.exit(7)',
    ...Array.from({ length: 5 }, () => `work(); setTimeout(() => process.exit(7), ${random() * 40})`),
    // Where the addon calls.
    'addon.configure({ getSessionIngressAuthToken: () => process.exit(7) }); work()',
    'addon.configure({ logForDebugging: () => process.exit(7) }); work()',
    'addon.configure({ logError: () => process.exit(7) }); work()',
    `addon.getSessionLogs('s', url, { onProgress: () => process.exit(7) }); work()`,
    `addon.appendSessionLog('s', { uuid: 'u', toJSON: () => process.exit(7) }, url)`,
    `work(); addon.flush().then(() => process.exit(7))`,
    // What is begun at the end is not waited for.
    `process.on('exit', work); work(); setTimeout(() => process.exit(7), ${random() * 40})`,
    `process.on('exit', () => { addon.clearAllSessions(); addon.sessionStats(); addon.flush() }); work(); process.exit(7)`,
  ]
  const rounds = roundsOf(exits.length)
  for (let round = 0; round < rounds; round++) {
    const script = exits[round % exits.length]
    const ended = await runScript(HOST + script, { url: server.url })
    assert.deepEqual({ script, ...ended }, { script, stdout: '', stderr: '', code: 7, signal: null })
  }
})

for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT'])) {
  const skip = process.platform === 'win32' && 'Windows has no such signals'

  test(`${signal} ends a process at any moment, as Node's own`, { skip }, async (t) => {
    const random = createRandom(seedOf(t))
    const server = await serveForEver(t)
    const rounds = roundsOf(5)
    for (let round = 0; round < rounds; round++) {
      const { child, ended } = startScript(`${HOST}\nsetInterval(work, 5)`, { url: server.url })
      await new Promise((resolve) => server.server.once('request', resolve))
      setTimeout(() => child.kill(signal), random() * 40)
      assert.deepEqual(await ended, { stdout: '', stderr: '', code: null, signal })
    }
  })

  test(`a handler of ${signal} that flushes stores what is queued`, { skip }, async (t) => {
    const { open, opened } = createGate()
    const server = await serve(t, async () => {
      await opened
      return { status: 201 }
    })
    const script = `
      ${HOST}
      process.once('${signal}', async () => {
        console.log('flushing')
        process.exit((await addon.flush({ timeoutMs: 60000 })) ? 0 : 1)
      })
      for (let n = 0; n < 50; n++) addon.appendSessionLog('s' + (n % 7), { uuid: 'u' + n }, url)
      setInterval(() => {}, 1000)`
    const { child, ended } = startScript(script, { url: server.url })
    await new Promise((resolve) => server.server.once('request', resolve))
    child.kill(signal)
    await new Promise((resolve) => child.stdout.once('data', resolve))
    open()
    assert.deepEqual(await ended, { stdout: 'flushing\n', stderr: '', code: 0, signal: null })
    assert.equal(server.requests.length, 50)
  })
}
