// Keeps a service on one port: when its process is killed, the next one, which was waiting, takes its place.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { findPort } from '../shared/ports.mjs'

const SERVICE = fileURLToPath(new URL('service.mjs', import.meta.url))

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

export class Supervisor {
  kills = 0
  /** Told when the service was killed. */
  onKilled = () => {}
  /** From a death to the moment when the next process listens, in milliseconds. */
  longestOutage = 0
  /** Not one of those that connections get: none may take it while nobody listens. */
  port
  #dir
  #respond
  /** @type {ChildProcess} */
  #serving
  /** @type {ChildProcess} */
  #waiting
  #closed = false
  /** Whether a process waits to take the place of the one that serves. */
  ready = false

  /**
   * @param {string} dir
   * @param {number} port
   * @param {(question: any) => Promise<unknown> | unknown} respond what the service's process asks, and tells
   */
  constructor(dir, port, respond) {
    this.port = port
    this.#dir = dir
    this.#respond = respond
    this.#serving = this.#start()
    this.#waiting = this.#serving
  }

  /** @param {string} dir @param {(question: any) => Promise<unknown> | unknown} respond */
  static async start(dir, respond) {
    const supervisor = new Supervisor(dir, await findPort(), respond)
    await supervisor.#serve()
    supervisor.#waiting = supervisor.#start()
    return supervisor
  }

  get url() {
    return `http://127.0.0.1:${this.port}`
  }

  /** Kills the process that serves. */
  kill() {
    this.#serving.kill('SIGKILL')
  }

  async close() {
    this.#closed = true
    const processes = [this.#serving, this.#waiting]
    const exits = processes.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit'))
    for (const child of processes) child.kill('SIGKILL')
    await Promise.all(exits)
  }

  #start() {
    // Entries are on the disk before the response, many at a time.
    const child = fork(SERVICE, { env: { ...process.env, UV_THREADPOOL_SIZE: '32' } })
    this.ready = false
    child.on('message', async (/** @type {any} */ { id, ...question }) => {
      if (question.kind === 'ready') this.ready = true
      const reply = await this.#respond(question)
      if (id !== undefined && child.connected) child.send({ kind: 'reply', id, reply }, () => {})
    })
    return child
  }

  async #serve() {
    const died = performance.now()
    const child = this.#serving
    child.once('exit', () => this.#replace())
    child.send({ kind: 'serve', dir: this.#dir, port: this.port })
    const listening = (/** @type {any} */ message) => {
      if (message.kind !== 'listening') return
      child.off('message', listening)
      if (this.kills > 0) this.longestOutage = Math.max(this.longestOutage, performance.now() - died)
      child.emit('listening')
    }
    child.on('message', listening)
    await once(child, 'listening')
  }

  #replace() {
    if (this.#closed) return
    this.kills += 1
    this.onKilled()
    this.#serving = this.#waiting
    this.#waiting = this.#start()
    this.#serve()
  }
}
