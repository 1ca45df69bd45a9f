// Workers that end, by themselves or at any moment: they take nothing down, leave nothing behind, and what they had
// queued is still sent.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runScript, startScript } from './support/child.mjs'
import { createRandom, roundsOf, seedOf } from './support/random.mjs'
import { createGate, serve } from './support/server.mjs'

const LIST = JSON.stringify({
  loglines: Array.from({ length: 2000 }, (_, n) => ({ uuid: `u${n}`, text: 'x'.repeat(300) })),
})

/** Stores two of three entries, and has a log that takes several slices. @param {import('node:test').TestContext} t */
function serveAnything(t) {
  return serve(t, ({ method }, _response, index) =>
    method === 'PUT' ? { status: index % 3 === 0 ? 500 : 201 } : { body: LIST },
  )
}

/**
 * What a worker of the random tests does: appends, reads and aborts without end, until something happens at `where`,
 * one of the host's functions.
 */
const WORKER = `
  const { parentPort, workerData } = require('node:worker_threads')
  const { ADDON, url, where, how, seed } = workerData
  const random = createRandom(seed)
  const addon = require(ADDON)
  const happen = (here) => {
    if (here !== where || random() < 0.7) return
    if (how === 'exit') process.exit(3)
    if (how === 'throw') setImmediate(() => { throw new Error('of the host') })
    // Terminated while a function of the host is on the stack.
    parentPort.postMessage('now')
    for (const until = performance.now() + 50; performance.now() < until; );
  }
  addon.configure({
    getSessionIngressAuthToken: () => (happen('token'), 't'),
    logForDebugging: () => happen('debug'),
    logForDiagnosticsNoPII: () => happen('diagnostic'),
    logError: () => happen('error'),
    retry: { baseDelayMs: 1, maxDelayMs: 2 },
  })
  const entry = (uuid) => ({ uuid, toJSON: () => (happen('toJSON'), { uuid }) })
  const work = async (session) => {
    for (let n = 0; ; n++) {
      addon.appendSessionLog(session, entry(session + n), url)
      const controller = new AbortController()
      if (n % 3 === 2) setTimeout(() => controller.abort(), random() * 5)
      const options = { signal: controller.signal, onProgress: () => happen('progress') }
      await addon.getSessionLogs('r' + session, url, options).catch(() => {})
      if (n % 4 === 3) addon.flush({ timeoutMs: 1 })
    }
  }
  for (const session of ['a', 'b', 'c']) work(session)
  parentPort.postMessage('working')
`

/** Starts `rounds` workers, four at a time, and ends each; prints what a process has left. */
const MAIN = `
  const { readdirSync, readFileSync } = require('node:fs')
  const { Worker } = require('node:worker_threads')
  const random = createRandom(seed)
  const pick = (list) => list[Math.floor(random() * list.length)]
  const PLACES = ['token', 'debug', 'diagnostic', 'error', 'toJSON', 'progress', 'nowhere', 'nowhere', 'nowhere']
  const unexpected = []
  const run = () => new Promise((ended) => {
    const workerData = { ADDON, url, where: pick(PLACES), how: pick(['exit', 'throw', 'busy']), seed: random() * 2 ** 31 }
    const worker = new Worker(createRandom + WORKER, { eval: true, workerData })
    const after = random() * 20
    worker.on('message', (message) => {
      if (message === 'now') worker.terminate()
      else setTimeout(() => worker.terminate(), after)
    })
    worker.on('error', (error) => error.message === 'of the host' || unexpected.push(String(error)))
    worker.once('exit', (code) => {
      if (![0, 1, 3].includes(code)) unexpected.push(code)
      ended()
    })
  })
  const runMany = async (count) => {
    const lane = async () => { while (count-- > 0) await run() }
    await Promise.all([lane(), lane(), lane(), lane()])
  }
  const look = () => {
    if (globalThis.gc) gc()
    const tasks = process.platform === 'linux' ? readdirSync('/proc/self/task') : []
    // One that ends just now is none.
    const nameOf = (task) => { try { return readFileSync('/proc/self/task/' + task + '/comm', 'utf8') } catch { return } }
    const names = tasks.map(nameOf).filter((name) => name !== undefined)
    const ours = names.filter((name) => name.startsWith('session-ingress')).length
    return { threads: names.length - ours, ours, megabytes: process.memoryUsage().rss / 2 ** 20 }
  }
  const main = async () => {
    await runMany(Math.ceil(rounds / 4))
    const before = look()
    await runMany(rounds - Math.ceil(rounds / 4))
    console.log(JSON.stringify({ before, after: look(), unexpected }))
  }
  main()
`

test('workers that end at any moment take nothing down, and leave neither threads nor memory', async (t) => {
  const server = await serveAnything(t)
  const [rounds, seed] = [roundsOf(200), seedOf(t)]
  const script = `${createRandom}\nconst WORKER = ${JSON.stringify(WORKER)}\n${MAIN}`
  const { stdout, ...rest } = await runScript(
    script,
    { url: server.url, rounds, seed },
    { timeout: 60_000 + rounds * 1000 },
  )
  assert.deepEqual(rest, { stderr: '', code: 0, signal: null })
  const { before, after, unexpected } = JSON.parse(stdout)
  t.diagnostic(`${rounds} workers: ${JSON.stringify({ before, after })}`)
  assert.deepEqual(unexpected, [])
  assert.ok(after.threads <= before.threads, `${before.threads} threads, then ${after.threads}`)
  // The runtime's one, and those on which files are read: as many as workers have asked at once, for ten seconds more.
  assert.ok(after.ours <= 1 + 4, `${after.ours} threads of the addon`)
  // What three quarters of them leave; one environment alone has several megabytes.
  assert.ok(after.megabytes - before.megabytes < 32, `${before.megabytes} MB, then ${after.megabytes} MB`)
})

test('the first load raced by many workers gives each its own state, and one runtime', async (t) => {
  const server = await serve(t, () => ({ status: 201 }))
  const worker = `
    const { parentPort, workerData: { ADDON, url, go, number } } = require('node:worker_threads')
    // Stands still until all are there.
    Atomics.add(go, 1, 1)
    Atomics.notify(go, 1)
    Atomics.wait(go, 0, 0)
    const addon = require(ADDON)
    addon.configure({ getSessionIngressAuthToken: () => 'worker' + number })
    addon.appendSessionLog('s', { uuid: 'u' + number }, url).then((ok) => parentPort.postMessage(ok))
  `
  const script = `
    const { readdirSync, readFileSync } = require('node:fs')
    const { once } = require('node:events')
    const { Worker } = require('node:worker_threads')
    const go = new Int32Array(new SharedArrayBuffer(8))
    const workers = Array.from({ length: 16 }, (_, number) =>
      new Worker(worker, { eval: true, workerData: { ADDON, url, go, number } }))
    const isOurs = (task) => readFileSync('/proc/self/task/' + task + '/comm', 'utf8').startsWith('session-ingress')
    const main = async () => {
      while (Atomics.load(go, 1) < workers.length) await new Promise((resolve) => setTimeout(resolve, 1))
      const ends = workers.map(async (worker) => (await Promise.all([once(worker, 'message'), once(worker, 'exit')])))
      Atomics.store(go, 0, 1)
      Atomics.notify(go, 0)
      const ok = (await Promise.all(ends)).every(([[stored], [code]]) => stored && code === 0)
      const threads = process.platform === 'linux' ? readdirSync('/proc/self/task').filter(isOurs).length : 1
      // The runtime's own, and the one that read the certificates, for as long as it is kept for other such work.
      console.log(JSON.stringify({ ok, runtimes: threads > 2 ? threads - 1 : 1 }))
    }
    main()`
  const rounds = roundsOf(3)
  for (let round = 0; round < rounds; round++) {
    server.requests.length = 0
    const ended = await runScript(script, { url: server.url, worker }, { load: false })
    assert.deepEqual(ended, { stdout: '{"ok":true,"runtimes":1}\n', stderr: '', code: 0, signal: null })
    const tokens = new Set(server.requests.map(({ headers }) => headers.authorization))
    assert.deepEqual([tokens.size, server.requests.length], [16, 16])
    assert.ok(server.requests.every(({ headers }) => headers['last-uuid'] === undefined))
  }
})

for (const [end, code] of /** @type {[string, number][]} */ ([
  ['process.exit(5)', 5],
  ["setImmediate(() => { throw new Error('of the host') })", 1],
])) {
  test(`what a worker had queued is still sent after ${end}, though the main thread never loads the addon`, async (t) => {
    const { open, opened } = createGate()
    const { open: all, opened: allSent } = createGate()
    const server = await serve(t, async (_request, _response, index) => {
      await opened
      if (index === 19) all()
      return { status: 201 }
    })
    const worker = `
      const { parentPort, workerData: { ADDON, url } } = require('node:worker_threads')
      const addon = require(ADDON)
      const told = () => parentPort.postMessage('told')
      addon.configure({ getSessionIngressAuthToken: () => 't', logForDebugging: told, logForDiagnosticsNoPII: told })
      for (let n = 0; n < 20; n++) addon.appendSessionLog('s', { uuid: 'w' + n }, url).then(told)
      addon.flush().then(told)
      addon.getSessionLogs('r', 'http://127.0.0.1:9').then(told)
      ${end}`
    const script = `
      const { Worker } = require('node:worker_threads')
      const worker = new Worker(worker_, { eval: true, workerData: { ADDON, url } })
      worker.on('error', () => {})
      const told = []
      worker.on('message', (message) => told.push(message))
      worker.once('exit', (code) => console.log(code))
      // The main thread goes on until it is told that all is sent.
      process.once('SIGTERM', () => process.exit(told.length > 0 ? 1 : 0))
      setInterval(() => {}, 1000)`
    const { child, ended } = startScript(script, { url: server.url, worker_: worker }, { load: false })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    open()
    await allSent
    child.kill('SIGTERM')
    assert.deepEqual(await ended, { stdout: `${code}\n`, stderr: '', code: 0, signal: null })
    const sent = server.requests.map((request) => [request.json().uuid, request.headers['last-uuid']])
    const expected = Array.from({ length: 20 }, (_, n) => [`w${n}`, n > 0 ? `w${n - 1}` : undefined])
    assert.deepEqual(sent, expected)
  })
}

test('a worker ends by itself when all has settled, while the main thread goes on', async (t) => {
  const server = await serve(t, ({ method }) => (method === 'PUT' ? { status: 201 } : { body: { loglines: [1] } }))
  const worker = `
    const { workerData: { ADDON, url } } = require('node:worker_threads')
    const addon = require(ADDON)
    addon.configure({ getSessionIngressAuthToken: () => 't' })
    for (let n = 0; n < 10; n++) addon.appendSessionLog('s' + (n % 3), { uuid: 'w' + n }, url)
    addon.getSessionLogs('s', url)
    addon.flush()`
  const script = `
    const { Worker } = require('node:worker_threads')
    addon.configure({ getSessionIngressAuthToken: () => 'main' })
    const main = async () => {
      const codes = []
      for (let n = 0; n < 10; n++) {
        const worker = new Worker(worker_, { eval: true, workerData: { ADDON, url } })
        const exit = new Promise((resolve) => worker.once('exit', resolve))
        // The main thread's own log has a place beside the worker's.
        codes.push(await addon.appendSessionLog('main', { uuid: 'm' + n }, url), await exit)
      }
      console.log(JSON.stringify(codes), addon.sessionStats().appended)
    }
    main()`
  assert.deepEqual(await runScript(script, { url: server.url, worker_: worker }), {
    stdout: `${JSON.stringify(Array.from({ length: 20 }, (_, n) => n % 2 === 0 || 0))} 10\n`,
    stderr: '',
    code: 0,
    signal: null,
  })
})
