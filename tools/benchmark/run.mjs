// The benchmark: every workload by every peer against one server, as medians, beside the goals.
//
//   npm run bench [-- --runs 3] [--only read,appends] [--server nginx|rust] [--json FILE]
//
// A complete run writes docs/benchmarks.md and its pictures; one with --only prints its table and no more.

import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { watchOthers } from './disturbance.mjs'
import { writeDocument } from './report/document.mjs'
import { describeMachine } from './report/machine.mjs'
import { judge } from './report/table.mjs'
import { formatTerminal } from './report/terminal.mjs'
import { findServer } from './server.mjs'
import { findWorkload, WORKLOADS } from './workloads/index.mjs'

const CHILD_MS = 300_000

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    only: { type: 'string' },
    server: { type: 'string', default: 'nginx' },
    json: { type: 'string' },
  },
})
const runs = Number(values.runs)
const names = values.only?.split(',').flatMap(findNames) ?? WORKLOADS
const unknown = names.filter((name) => !WORKLOADS.includes(name))
if (!Number.isInteger(runs) || runs < 1 || unknown.length > 0) {
  console.error(`usage: node tools/benchmark/run.mjs [--runs N] [--only ${WORKLOADS.join(',')}] [--json FILE]`)
  process.exit(2)
}
const kind = findServer(values.server === 'rust' ? 'rust' : 'nginx')

const dir = await mkdtemp(join(tmpdir(), 'session-ingress-bench-'))
try {
  const workloads = await Promise.all(names.map(async (name) => ({ name, ...(await findWorkload(name)) })))
  note('writing the logs')
  await run('data.mjs', [dir, JSON.stringify(gatherNeeds(workloads))])
  const others = watchOthers()
  const results = await measureAll(workloads)
  const elsewhere = others().toFixed(2)
  const table = judge(results)
  note('')
  console.log(formatTerminal(table))
  console.log(`\nOther work kept ${elsewhere} cores busy meanwhile: the less, the truer.`)
  if (values.json) await writeFile(values.json, JSON.stringify(results))
  if (!values.only) await writeDocument(results, table, { ...describeMachine(), served: kind.name, runs, elsewhere })
} finally {
  await rm(dir, { recursive: true })
}

/** @returns {Promise<import('./report/table.mjs').Results>} workload → variant → what each run measured */
async function measureAll(workloads) {
  const server = await kind.start(dir)
  const context = JSON.stringify({ url: server.url, tlsUrl: server.tlsUrl, dir, serverPid: server.pid })
  const results = {}
  try {
    for (const { name, variants, repeats = 1 } of workloads) {
      const isTls = name.endsWith('-tls')
      if (isTls && !server.tlsUrl) continue
      const trusting = isTls ? { NODE_EXTRA_CA_CERTS: join(dir, 'ca.pem') } : {}
      results[name] = Object.fromEntries(variants.map((variant) => [variant, []]))
      for (let count = 1; count <= runs * repeats; count += 1) {
        // All of them in turn, so that a slow moment of the machine hits all of them.
        for (const variant of variants) {
          note(`${name}: ${variant} (${count} of ${runs * repeats})`)
          results[name][variant].push(JSON.parse(await run('child.mjs', [name, variant, context], trusting)))
        }
      }
    }
  } finally {
    await server.close()
  }
  return results
}

/** A workload by its name, or all of a room of them. @param {string} asked */
function findNames(asked) {
  const room = WORKLOADS.filter((name) => name.startsWith(`${asked}/`))
  return room.length > 0 ? room : [asked]
}

function gatherNeeds(workloads) {
  const logs = new Set(workloads.flatMap(({ needs }) => needs?.logs ?? []))
  return { logs: [...logs], pages: Math.max(0, ...workloads.map(({ needs }) => needs?.pages ?? 0)) }
}

/** Runs a module of this folder in a process of its own; resolves what it printed. */
async function run(module, args, more = {}) {
  const path = fileURLToPath(new URL(module, import.meta.url))
  const child = spawn(process.execPath, ['--expose-gc', path, ...args], {
    env: { ...withoutProxies(process.env), ...more },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: CHILD_MS,
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  const [code, signal] = await new Promise((resolve) => child.on('close', (...how) => resolve(how)))
  if (code !== 0) throw new Error(`${module} ${args.slice(0, 2).join(' ')} ended with ${signal ?? code}`)
  return output
}

/** Nothing here leaves the machine. */
function withoutProxies(environment) {
  const kept = Object.entries(environment).filter(([key]) => !/^(https?|all|no)_proxy$/i.test(key))
  return { ...Object.fromEntries(kept), NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' }
}

/** Says what is going on, on one line of a terminal and nowhere else. */
function note(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}
