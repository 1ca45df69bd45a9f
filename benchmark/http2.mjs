// HTTP/2 beside HTTP/1.1, both over TLS, against nginx: appends of one session and of many, and a large read, on the
// loopback interface and through a relay that delays each way.
//
//   npm run bench:http2 [-- --runs 5]

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createAuthority } from '../__test__/support/certificates.mjs'
import { startRelay } from '../__test__/support/relay.mjs'
import { findPort, listening } from '../dev/ports.mjs'
import { makeFlatEntries } from './entries.mjs'
import { median } from './measure.mjs'

const SELF = fileURLToPath(import.meta.url)
const DELAY_MS = 50

/** Appends by so many sessions, each one after the other; or one read of so many entries. */
const WORK = {
  'appends of 1 session': { sessions: 1, near: 2000, far: 20 },
  'appends of 64 sessions': { sessions: 64, near: 100, far: 20 },
  'appends of 64 sessions, the first': { sessions: 64, near: 1, far: 1, cold: true },
  'a log of 10,000 entries': { entries: 10_000 },
}

if (process.argv[2] === 'child') await work(JSON.parse(process.argv[3]))
else await compare()

async function compare() {
  const { values } = parseArgs({ options: { runs: { type: 'string', default: '5' } } })
  const runs = Number(values.runs)
  if (!Number.isInteger(runs) || runs < 1) {
    console.error('usage: node benchmark/http2.mjs [--runs N]')
    process.exit(2)
  }
  if (spawnSync('nginx', ['-v']).status !== 0) {
    console.error('nginx is missing')
    process.exit(1)
  }
  const dir = await mkdtemp(join(tmpdir(), 'session-ingress-bench-'))
  const ends = /** @type {(() => void)[]} */ ([])
  try {
    const ports = await startNginx(dir, ends)
    const rows = []
    for (const where of ['near', 'far']) {
      const [http1, http2] = await Promise.all(ports.map((port) => (where === 'near' ? port : delay(port, ends))))
      for (const name of Object.keys(WORK)) {
        const once = (/** @type {number} */ port) => run({ name, where, port, ca: join(dir, 'ca.pem') })
        const results = []
        for (let n = 0; n < runs; n++) results.push([await once(http1), await once(http2)])
        const of = (/** @type {number} */ peer, /** @type {string} */ key) =>
          median(results.map((pair) => pair[peer][key]))
        rows.push({
          work: name,
          where: where === 'near' ? 'loopback' : `${2 * DELAY_MS} ms`,
          'HTTP/1.1, ms': of(0, 'wall').toFixed(0),
          'HTTP/2, ms': of(1, 'wall').toFixed(0),
          time: (of(1, 'wall') / of(0, 'wall')).toFixed(2),
          cpu: (of(1, 'cpu') / of(0, 'cpu')).toFixed(2),
        })
      }
    }
    console.table(rows)
    console.log('time, cpu: that of HTTP/2 ÷ that of HTTP/1.1, the whole process')
  } finally {
    for (const end of ends) end()
    await rm(dir, { recursive: true })
  }
}

/** @param {string} dir @param {(() => void)[]} ends @returns {Promise<number[]>} the ports of HTTP/1.1 and HTTP/2 */
async function startNginx(dir, ends) {
  const authority = createAuthority()
  const { pem, cert } = authority.issue()
  const log = `{"loglines":${JSON.stringify(makeFlatEntries(10_000))}}`
  const files = { 'ca.pem': authority.cert, 'cert.pem': cert, 'key.pem': pem, 'log.json': log }
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(dir, name), text)))
  const [http1, http2] = [await findPort(), await findPort()]
  const template = await readFile(new URL('nginx-tls.conf', import.meta.url), 'utf8')
  const config = template.replace('{{http1}}', `${http1}`).replace('{{http2}}', `${http2}`).replaceAll('{{dir}}', dir)
  await writeFile(join(dir, 'nginx.conf'), config)
  const nginx = spawn('nginx', ['-p', dir, '-c', join(dir, 'nginx.conf'), '-g', 'daemon off;'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  ends.push(() => nginx.kill())
  await Promise.all([listening(http1), listening(http2)])
  return [http1, http2]
}

/** @param {number} port @param {(() => void)[]} ends */
async function delay(port, ends) {
  return (await startRelay({ after: (end) => ends.push(end) }, port, { delayMs: DELAY_MS })).port
}

/** @param {object} task @returns {Promise<any>} */
async function run(task) {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: task.ca }
  const child = spawn(process.execPath, [SELF, 'child', JSON.stringify(task)], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${task.name} ended with ${code}`)
  return JSON.parse(output)
}

async function work({ name, where, port }) {
  const { appendSessionLog, configure, getSessionLogs } = await import('session-ingress')
  configure({ getSessionIngressAuthToken: () => 'token', logError: console.error })
  const url = `https://127.0.0.1:${port}`
  const { sessions, entries, cold, [where]: appends } = WORK[name]
  const texts = makeFlatEntries(100)
  const append = async (/** @type {number} */ session, /** @type {number} */ count) => {
    for (let n = 0; n < count; n++) {
      if (!(await appendSessionLog(`s${session}`, texts[n % 100], `${url}/append/`)))
        throw new Error('an append failed')
    }
  }
  const all = (/** @type {number} */ count) =>
    Promise.all(Array.from({ length: sessions }, (_, session) => append(session, count)))
  if (sessions && !cold) await all(2)
  if (entries) await append(0, 1)
  await sleep(50)
  const cpu = process.cpuUsage()
  const start = performance.now()
  if (sessions) await all(appends)
  else if ((await getSessionLogs('s', `${url}/log.json`))?.length !== entries) throw new Error('the log is not whole')
  const wall = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  console.log(JSON.stringify({ wall, cpu: user + system }))
  process.exit()
}
