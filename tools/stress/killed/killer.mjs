// Starts a host, kills it at a random moment, and notes what it had kept by then; again and again.

import { fork, spawn } from 'node:child_process'
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
/** By one many entries are deferred, by ten hardly any before the host is killed. */
const ATTEMPTS = [1, 2, 10]
/** For a last host that would never end. */
const LAST_MS = 5 * 60_000
const LAST_ATTEMPTS = 1000
/** The most that a host's files may have where the shell limits them, in its blocks: of 512 bytes or a kilobyte. */
const LIMIT_BLOCKS = 4
const WRITE_FAILED = 'session_outbox_write_failed'

/** @typedef {{ uuid: string, session: number, at: number, unwritten: boolean }} Appended `unwritten`: the disk had failed before */
/** @typedef {{ appended: Appended[], killedAt: number }} Life */

export class Killer {
  /** What each host appended, in the order of its calls. @type {Life[]} */
  lives = []
  /** What stood in the folder, or in a log, when a host was killed. @type {Set<string>} */
  kept = new Set()
  /** Events of the outbox. @type {Record<string, number>} */
  events = {}
  #run

  /**
   * @param {object} run
   * @param {number} run.seed
   * @param {string} run.client
   * @param {string} run.base
   * @param {string | null} run.dir
   * @param {string} run.logs
   * @param {number[]} run.sessions
   * @param {number} [run.attempts] of each append; by default one, two or ten, by chance
   * @param {boolean} [run.limited] every other host may write a few kilobytes to a file, and no more
   */
  constructor(run) {
    this.#run = run
  }

  /** @param {number} kills */
  async kill(kills) {
    const random = createRandom(this.#run.seed, this.#run.client, 'kills')
    for (let generation = 0; generation < kills; generation += 1) {
      const attempts = this.#run.attempts ?? ATTEMPTS[between(random, 0, ATTEMPTS.length)]
      await this.#live(generation, between(random, 0, LONGEST_LIFE_MS), attempts)
    }
  }

  /** Starts a last host, which delivers what is left. */
  async end() {
    const host = this.#start('last', LAST_ATTEMPTS)
    const timer = setTimeout(() => host.child.kill('SIGKILL'), LAST_MS)
    await host.done
    clearTimeout(timer)
    host.child.disconnect()
    await host.exit
  }

  /** @param {number} generation @param {number} ms @param {number} attempts */
  async #live(generation, ms, attempts) {
    const host = this.#start(generation, attempts)
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

  /** @param {number | 'last'} generation @param {number} attempts */
  #start(generation, attempts) {
    const { seed, client, base, dir, sessions, limited = false } = this.#run
    const isLast = generation === 'last'
    const run = { seed, client, base, dir, generation, sessions, parents: this.#parents(), attempts, isLast }
    const env = { ...process.env, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' }
    const given = JSON.stringify(run)
    const child = limited && !isLast && generation % 2 === 1 ? startLimited(given, env) : fork(HOST, [given], { env })
    /** @type {Appended[]} */
    const appended = []
    let unwritten = false
    /** @type {Record<'ready' | 'done', () => void>} */
    const tell = { ready: () => {}, done: () => {} }
    const exit = once(child, 'exit')
    const ready = Promise.race([exit, new Promise((resolve) => (tell.ready = () => resolve(undefined)))])
    const done = Promise.race([exit, new Promise((resolve) => (tell.done = () => resolve(undefined)))])
    child.on('message', (/** @type {any} */ message) => {
      if (message.ready) tell.ready()
      else if (message.done) tell.done()
      else if (message.event) {
        this.events[message.event] = (this.events[message.event] ?? 0) + 1
        unwritten ||= message.event.startsWith(WRITE_FAILED)
      } else appended.push({ ...message, unwritten })
    })
    return { child, appended, ready, done, exit }
  }
}

/** A host whose writes fail where a file would become larger. Node has such a write fail, and does not end by SIGXFSZ. @param {string} given @param {NodeJS.ProcessEnv} env */
function startLimited(given, env) {
  const script = `ulimit -f ${LIMIT_BLOCKS} && exec "$@"`
  return spawn('sh', ['-c', script, 'sh', process.execPath, HOST, given], {
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
}
