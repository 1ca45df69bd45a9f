// Decides which request meets which fault. Lives outside of the service, and so through its deaths.

import { choose, createRandom } from '../shared/random.mjs'
import { CHOICES, KILL_AFTER, KILL_BEFORE } from './faults.mjs'

/** @typedef {{ client: string, method: string, session: string, uuid?: string }} Request */
/** @typedef {{ fault?: string, meanwhile?: boolean }} Injection `meanwhile`: the second writer appends before the response */

export class FaultInjector {
  /** How often each fault was injected. @type {Record<string, number>} */
  injected = {}
  conflicts = 0
  /** Faults during which the second writer appended. */
  meanwhiles = 0
  #seed
  #writer
  #isReady
  /** Entries at which a kill falls due. @type {Set<string>} */
  #doomed
  #killsDue = 0
  /** Requests, by what they are for. @type {Map<string, number>} */
  #requests = new Map()
  /** What each client appends in each session at this time. @type {Map<string, string>} */
  #current = new Map()
  /** @type {Set<string>} */
  #stored = new Set()
  /** What each entry met, in order. @type {Map<string, string[]>} */
  #histories = new Map()

  /**
   * @param {object} options
   * @param {number} options.seed
   * @param {string} options.writer the second writer, whose requests meet nothing
   * @param {string[]} options.doomed entries at which the service is killed, or soon after
   * @param {() => boolean} options.isReady whether there is a process to take the place of one that is killed
   */
  constructor({ seed, writer, doomed, isReady }) {
    this.#seed = seed
    this.#writer = writer
    this.#doomed = new Set(doomed)
    this.#isReady = isReady
  }

  /** @param {Request} request @returns {Injection} */
  inject({ client, method, session, uuid }) {
    if (client === this.#writer) return {}
    const place = `${client} ${session}`
    if (method === 'PUT' && uuid !== undefined) this.#current.set(place, uuid)
    // A client reads a log because of the entry that it appends.
    const entry = uuid ?? this.#current.get(place) ?? place
    if (this.#doomed.delete(entry)) this.#killsDue += 1
    if (method === 'PUT' && this.#killsDue > 0 && this.#isReady()) {
      this.#killsDue -= 1
      return this.#count(entry, { fault: this.#random(entry, 'kill')() < 0.5 ? KILL_BEFORE : KILL_AFTER })
    }
    const request = `${method} ${entry}`
    const number = (this.#requests.get(request) ?? 0) + 1
    this.#requests.set(request, number)
    const random = this.#random(request, number)
    const fault = choose(random, CHOICES[method])
    if (fault === undefined) return {}
    return this.#count(entry, { fault, meanwhile: method === 'PUT' && random() < 0.4 })
  }

  /** Notes what became of an entry at the service, whoever hears of it. @param {'stored' | 'conflict' | 'no response'} what @param {string} uuid */
  note(what, uuid) {
    this.#write(uuid, what)
    if (what === 'stored') this.#stored.add(uuid)
    if (what === 'conflict') this.conflicts += 1
  }

  /** Notes a kill of the service with each entry that it worked on. */
  killed() {
    for (const uuid of this.#current.values()) if (!this.#stored.has(uuid)) this.#write(uuid, 'the service is killed')
  }

  /** The conflicts of the entry that met most. */
  get mostConflicts() {
    const counts = [...this.#histories.values()].map((history) => history.filter((what) => what === 'conflict').length)
    return Math.max(0, ...counts)
  }

  /** What an entry met. @param {string} uuid */
  history(uuid) {
    return (this.#histories.get(uuid) ?? []).join(', ')
  }

  /** @param {...(string | number)} key */
  #random(...key) {
    return createRandom(this.#seed, ...key)
  }

  /** @param {string} uuid @param {string} what */
  #write(uuid, what) {
    const history = this.#histories.get(uuid) ?? []
    this.#histories.set(uuid, history)
    history.push(what)
  }

  /** @param {string} uuid @param {Injection & { fault: string }} injection */
  #count(uuid, injection) {
    const { fault, meanwhile = false } = injection
    this.#write(uuid, meanwhile ? `${fault}, and the second writer meanwhile` : fault)
    this.injected[fault] = (this.injected[fault] ?? 0) + 1
    if (meanwhile) this.meanwhiles += 1
    return injection
  }
}
