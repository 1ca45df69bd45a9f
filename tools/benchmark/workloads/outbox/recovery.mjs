// 10,000 entries that a process left behind, delivered by the next one; beside it, the same entries appended.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { makeFlatEntries } from '../../../shared/entries.mjs'
import { measure } from '../../measure.mjs'
import { startRelay } from '../../relay.mjs'
import { appendUrl, checkAppended, warmUp } from '../common.mjs'
import { appendAll, bytesIn, loadWith, makeFolder, SESSIONS } from './common.mjs'

const ENTRIES = 10_000
const PATH = fileURLToPath(import.meta.url)

export const variants = ['off', 'on']

/** @type {import('../index.mjs').Workload['run']} */
export async function run(variant, context) {
  const entries = makeFlatEntries(ENTRIES)
  if (variant === 'off') return appendAll('off', context, entries)
  const dir = makeFolder(context)
  await leaveBehind(context, dir)
  const payload = entries.reduce((sum, entry) => sum + Buffer.byteLength(JSON.stringify(entry)), 0)
  const overhead = bytesIn(dir) / payload
  const peer = await loadWith('on', context)
  const { flush, sessionStats } = await import('session-ingress')
  await warmUp(peer, context)
  const next = (/** @type {unknown} */ _, /** @type {number} */ session) =>
    peer.append(`session-${session}`, { uuid: `next-${session}` }, appendUrl(context, session))
  const { wall, active, total } = await measure(async () => {
    checkAppended(await Promise.all(Array.from({ length: SESSIONS }, next)))
    await flush({ deferred: true })
  }, context)
  const { recovered } = sessionStats()
  if (recovered !== ENTRIES) throw new Error(`${recovered} of ${ENTRIES} entries were recovered`)
  const each = (/** @type {number} */ ms) => (ms * 1000) / ENTRIES
  return { wall, active: each(active), total: each(total), overhead }
}

/** A process whose server is away, and which ends. @param {import('../index.mjs').Context} context @param {string} dir */
async function leaveBehind(context, dir) {
  const relay = await startRelay(context)
  await relay.leave()
  const child = fork(PATH, [JSON.stringify({ ...context, url: relay.url }), dir], { execArgv: [] })
  const [code] = await once(child, 'exit')
  relay.close()
  if (code !== 0) throw new Error(`the process that leaves entries behind ended with ${code}`)
}

async function leave() {
  const context = JSON.parse(process.argv[2])
  const peer = await loadWith('on', context, { dir: process.argv[3] })
  const { configure } = await import('session-ingress')
  configure({ retry: { maxAttempts: 1 } })
  const append = (/** @type {{ uuid: string }} */ entry, /** @type {number} */ index) =>
    peer.append(`session-${index % SESSIONS}`, entry, appendUrl(context, index % SESSIONS))
  await Promise.all(makeFlatEntries(ENTRIES).map(append))
  process.exit()
}

if (process.argv[1] === PATH) await leave()
