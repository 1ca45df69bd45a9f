// Deals the faults: which request meets which. Lives outside of the service, and so through its deaths.

import { CHOICES, KILL_AFTER, KILL_BEFORE } from './faults.mjs'
import { choose, createRandom } from './random.mjs'

/**
 * So many faults and lost races an entry meets. Then it is spared, and other writers of its session wait until
 * it is stored. With one race that was already lost by then, that is four attempts, and a fifth that succeeds;
 * a kill of the service costs one more, and those that are refused while it is down: with waits of 10, 20, 40,
 * 80 ms … ten attempts last until it was down for more than half a second.
 */
const AT_MOST = 3

/** How long a writer gives way: a service that was killed may not have told that the other's entry is stored. */
const GIVE_WAY_MS = 1000

/** What becomes of a request. @typedef {{ fault?: string, meanwhile?: boolean }} Deal `meanwhile`: the second writer appends before it is answered */
/** @typedef {{ client: string, method: string, session: string, uuid?: string }} Asked */

/** @typedef {{ client: string, uuid: string, over: Promise<void>, end: () => void }} Spared */

export class Dealer {
  /** How often each fault was dealt. @type {Record<string, number>} */
  dealt = {}
  conflicts = 0
  meanwhiles = 0
  #seed
  #doomed
  #writer
  /** Faults and lost races, by entry. @type {Map<string, number>} */
  #troubles = new Map()
  /** Requests, by what they are for. @type {Map<string, number>} */
  #requests = new Map()
  /** What each client appends in each session at this time. @type {Map<string, string>} */
  #current = new Map()
  /** @type {Set<string>} */
  #stored = new Set()
  /** Entries before which others give way, by session. @type {Map<string, Spared>} */
  #spared = new Map()

  /** @param {{ seed: number, writer: string, doomed: string[] }} options `doomed`: entries at which the service is killed */
  constructor({ seed, writer, doomed }) {
    this.#seed = seed
    this.#writer = writer
    this.#doomed = new Set(doomed)
  }

  /** @param {Asked} asked @returns {Promise<Deal>} */
  async deal({ client, method, session, uuid }) {
    if (client === this.#writer) {
      if (method === 'PUT') await this.#giveWay(session)
      return {}
    }
    const place = `${client} ${session}`
    if (method === 'PUT' && uuid !== undefined) this.#current.set(place, uuid)
    // A client reads a log because of the entry that it appends.
    const entry = uuid ?? this.#current.get(place) ?? place
    if (this.#doomed.delete(entry))
      return this.#count({ fault: this.#random(entry, 'kill')() < 0.5 ? KILL_BEFORE : KILL_AFTER })
    const spared = this.#spared.get(session)
    if (spared?.client === client && spared.uuid !== entry) spared.end()
    if (method === 'PUT') await this.#giveWay(session, entry)
    if ((this.#troubles.get(entry) ?? 0) >= AT_MOST) {
      if (!this.#stored.has(entry)) this.#spare(session, client, entry)
      return {}
    }
    const request = `${method} ${entry}`
    const number = (this.#requests.get(request) ?? 0) + 1
    this.#requests.set(request, number)
    const random = this.#random(request, number)
    const fault = choose(random, CHOICES[method])
    if (fault === undefined) return {}
    this.#trouble(entry)
    return this.#count({ fault, meanwhile: method === 'PUT' && random() < 0.4 })
  }

  /** An entry is stored, whatever was answered. @param {string} session @param {string} uuid */
  stored(session, uuid) {
    this.#stored.add(uuid)
    const spared = this.#spared.get(session)
    if (spared?.uuid === uuid) spared.end()
  }

  /** An entry lost a race. @param {string} uuid */
  lost(uuid) {
    this.conflicts += 1
    this.#trouble(uuid)
  }

  /** @param {...(string | number)} key */
  #random(...key) {
    return createRandom(this.#seed, ...key)
  }

  /** @param {string} uuid */
  #trouble(uuid) {
    this.#troubles.set(uuid, (this.#troubles.get(uuid) ?? 0) + 1)
  }

  /** @param {Deal} deal */
  #count(deal) {
    if (deal.fault !== undefined) this.dealt[deal.fault] = (this.dealt[deal.fault] ?? 0) + 1
    if (deal.meanwhile) this.meanwhiles += 1
    return deal
  }

  /** @param {string} session @param {string} client @param {string} uuid */
  #spare(session, client, uuid) {
    if (this.#spared.has(session)) return
    let open = () => {}
    const over = /** @type {Promise<void>} */ (
      new Promise((resolve) => {
        open = () => resolve()
      })
    )
    const end = () => {
      this.#spared.delete(session)
      open()
    }
    this.#spared.set(session, { client, uuid, over, end })
  }

  /** @param {string} session @param {string} [uuid] */
  async #giveWay(session, uuid) {
    const spared = this.#spared.get(session)
    if (spared === undefined || spared.uuid === uuid) return
    const longEnough = setTimeout(spared.end, GIVE_WAY_MS)
    await spared.over
    clearTimeout(longEnough)
  }
}
