// One writer of a stress run, in a process of its own: appends its entries by one of the rules, and sends its parent
// what became of each.

import { setTimeout as sleep } from 'node:timers/promises'
import { between, createRandom } from '../shared/random.mjs'
import { logUrl, makeEntries, sessionId } from './entries.mjs'
import { writerBy } from './rules.mjs'

/** @typedef {{ uuid: string, appended: boolean, calls: number }} Outcome */

const run = JSON.parse(process.argv[2])
const { append, read } = await writerBy(run)

/** @param {import('./entries.mjs').Entry} entry @param {string} session @returns {Promise<Outcome>} */
async function persist(entry, session) {
  for (let calls = 1; ; calls += 1) {
    const appended = await append(session, entry, logUrl(run.base, session))
    if (appended || !run.again) return { uuid: entry.uuid, appended, calls }
  }
}

/** Appends in bursts, as a host does, and reads the log at some time meanwhile. @param {import('./entries.mjs').Entry[]} entries @param {number} index */
async function write(entries, index) {
  const random = createRandom(run.seed, run.client, index, 'bursts')
  const outcomes = []
  for (let done = 0; done < entries.length; ) {
    const burst = entries.slice(done, done + between(random, 1, 9))
    done += burst.length
    await sleep(between(random, 0, 20))
    const pause = between(random, 0, 100)
    if (random() < 0.3) sleep(pause).then(() => read(sessionId(index), logUrl(run.base, sessionId(index))))
    outcomes.push(...(await Promise.all(burst.map((entry) => persist(entry, sessionId(index))))))
  }
  return outcomes
}

// Nobody waits for the outcomes any more.
process.on('disconnect', () => process.exit())

const outcomes = (await Promise.all(makeEntries(run).map(write))).flat()
process.send?.(outcomes, () => process.disconnect())
