// Starts a host, kills it at a random moment, and notes what it had kept by then; again and again.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { between, createRandom } from '../../shared/random.mjs'
import { sessionId } from '../entries.mjs'
import { readPending } from './spool.mjs'

const HOST = fileURLToPath(new URL('host.mjs', import.meta.url))
/** A host is killed at a random moment within so many milliseconds of its beginning. */
const LONGEST_LIFE_MS = 200
/** For a last host that would never end. */
const LAST_MS = 5 * 60_000

/** @typedef {{ uuid: string, session: number, at: number }} Appended */
/** @typedef {{ appended: Appended[], killedAt: number }} Life */

export class Killer {
  /** What each host appended, in the order of its calls. @type {Life[]} */
  lives = []
  /** What stood in the folder, or in a log, when a host was killed. @type {Set<string>} */
  kept = new Set()
  /** Events of the outbox. @type {Record<string, number>} */
  events = {}
  #run

  /** @param {{ seed: number, client: string, base: string, dir: string | null, logs: string, sessions: number[] }} run */
  constructor(run) {
    this.#run = run
  }

  /** @param {number} kills */
  async kill(kills) {
    const random = createRandom(this.#run.seed, this.#run.client, 'kills')
    for (let generation = 0; generation < kills; generation += 1) {
      await this.#live(generation, between(random, 0, LONGEST_LIFE_MS))
    }
  }

  /** Starts a last host, which delivers what is left. */
  async end() {
    const host = this.#start('last', true)
    const timer = setTimeout(() => host.child.kill('SIGKILL'), LAST_MS)
    await host.done
    clearTimeout(timer)
    host.child.disconnect()
    await host.exit
  }

  /** @param {number} generation @param {number} ms */
  async #live(generation, ms) {
    const host = this.#start(generation, false)
    await host.ready
    await sleep(ms)
    const killedAt = Date.now()
    host.child.kill('SIGKILL')
    await host.exit
    this.lives.push({ appended: host.appended, killedAt })
    const { dir } = this.#run
    const pending = dir === null ? new Set() : readPending(dir)
    for (const session of this.#run.sessions) {
      const log = this.#log(session)
      for (const uuid of log) this.kept.add(uuid)
    }
    for (const uuid of pending) this.kept.add(uuid)
  }

  /** The uuids of a log, as the service keeps it. @param {number} session */
  #log(session) {
    try {
      const lines = readFileSync(join(this.#run.logs, `${sessionId(session)}.jsonl`), 'utf8').split('\n')
      return lines.flatMap((line) => /"uuid":"([^"]+)"/.exec(line)?.[1] ?? [])
    } catch {
      return []
    }
  }

  /** The last entry of each session that is kept: the next host goes on from it. */
  #parents() {
    /** @type {Record<number, string>} */
    const parents = {}
    for (const { appended } of this.lives.slice(-50)) {
      for (const { uuid, session } of appended) if (this.kept.has(uuid)) parents[session] = uuid
    }
    return parents
  }

  /** @param {number | string} generation @param {boolean} isLast */
  #start(generation, isLast) {
    const { seed, client, base, dir, sessions } = this.#run
    const run = { seed, client, base, dir, generation, sessions, parents: this.#parents(), isLast }
    const env = { ...process.env, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' }
    const child = fork(HOST, [JSON.stringify(run)], { env })
    /** @type {Appended[]} */
    const appended = []
    /** @type {Record<'ready' | 'done', () => void>} */
    const tell = { ready: () => {}, done: () => {} }
    const exit = once(child, 'exit')
    const ready = Promise.race([exit, new Promise((resolve) => (tell.ready = () => resolve(undefined)))])
    const done = Promise.race([exit, new Promise((resolve) => (tell.done = () => resolve(undefined)))])
    child.on('message', (/** @type {any} */ message) => {
      if (message.ready) tell.ready()
      else if (message.done) tell.done()
      else if (message.event) this.events[message.event] = (this.events[message.event] ?? 0) + 1
      else appended.push(message)
    })
    return { child, appended, ready, done, exit }
  }
}
