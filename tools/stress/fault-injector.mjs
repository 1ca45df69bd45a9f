// Deals the faults: which request meets which. Lives outside of the service, and so through its deaths.

import { choose, createRandom } from '../shared/random.mjs'
import { CHOICES, KILL_AFTER, KILL_BEFORE } from './faults.mjs'
import { RightOfWay } from './right-of-way.mjs'

/**
 * So many faults and lost races an entry meets. Then it is spared, and other writers of its session wait until
 * it is stored. With one race that was lost already by then, that is four attempts, and a fifth that succeeds.
 * Who was there when the service was killed is spared, too: that costs an attempt, and those that are refused
 * while it is down. Of ten attempts with waits of 20, 40, 80, 160 ms …, some are left after four seconds.
 */
const AT_MOST = 3

/** How long they wait, in milliseconds: the second writer is patient, clients have a limit for an answer. */
const SECOND_WRITER_WAITS = 5000
const CLIENTS_WAIT = 200

/** What becomes of a request. @typedef {{ fault?: string, meanwhile?: boolean }} Deal `meanwhile`: the second writer appends before it is answered */
/** @typedef {{ number: number, client: string, method: string, session: string, uuid?: string, over?: boolean }} Asked `over`: its client waits no more */

export class Dealer {
  /** How often each fault was dealt. @type {Record<string, number>} */
  dealt = {}
  conflicts = 0
  meanwhiles = 0
  #seed
  #writer
  #isReady
  /** Entries at which a kill falls due. @type {Set<string>} */
  #doomed
  #killsDue = 0
  /** Entries that were being appended at the last kill. @type {Set<string>} */
  #survivors = new Set()
  /** Faults and lost races, by entry. @type {Map<string, number>} */
  #troubles = new Map()
  /** Requests, by what they are for. @type {Map<string, number>} */
  #requests = new Map()
  /** What each client appends in each session at this time. @type {Map<string, string>} */
  #current = new Map()
  /** Requests that are not over. @type {Map<number, Asked>} */
  #open = new Map()
  /** @type {Set<string>} */
  #stored = new Set()
  #rightOfWay = new RightOfWay()
  /** What each entry met, in order. @type {Map<string, string[]>} */
  #histories = new Map()

  /**
   * @param {object} options
   * @param {number} options.seed
   * @param {string} options.writer the second writer, whose requests are spared
   * @param {string[]} options.doomed entries at which the service is killed, or soon after
   * @param {() => boolean} options.isReady whether there is a process to take the place of one that is killed
   */
  constructor({ seed, writer, doomed, isReady }) {
    this.#seed = seed
    this.#writer = writer
    this.#doomed = new Set(doomed)
    this.#isReady = isReady
  }

  /** @param {Asked} asked @returns {Promise<Deal>} */
  async deal(asked) {
    this.#open.set(asked.number, asked)
    const { client, method, session, uuid } = asked
    if (client === this.#writer) {
      if (method === 'PUT') await this.#rightOfWay.wait(SECOND_WRITER_WAITS, session)
      return {}
    }
    const place = `${client} ${session}`
    if (method === 'PUT' && uuid !== undefined) this.#current.set(place, uuid)
    // A client reads a log because of the entry that it appends.
    const entry = uuid ?? this.#current.get(place) ?? place
    if (this.#doomed.delete(entry)) this.#killsDue += 1
    if (method === 'PUT' && this.#mayKill()) {
      this.#killsDue -= 1
      return this.#count(entry, { fault: this.#random(entry, 'kill')() < 0.5 ? KILL_BEFORE : KILL_AFTER })
    }
    if (method === 'PUT') await this.#rightOfWay.wait(CLIENTS_WAIT, session, entry)
    if (asked.over) return {}
    if ((this.#troubles.get(entry) ?? 0) >= AT_MOST) {
      if (!this.#stored.has(entry)) this.#rightOfWay.take(session, entry)
      this.#write(entry, `${method}: spared`)
      return {}
    }
    const request = `${method} ${entry}`
    const number = (this.#requests.get(request) ?? 0) + 1
    this.#requests.set(request, number)
    const random = this.#random(request, number)
    const fault = choose(random, CHOICES[method])
    if (fault === undefined) return {}
    this.#trouble(entry)
    return this.#count(entry, { fault, meanwhile: method === 'PUT' && random() < 0.4 })
  }

  /** No entry has to live through two kills, and there is always a process to take the place. */
  #mayKill() {
    if (this.#killsDue === 0 || !this.#isReady()) return false
    const current = new Set(this.#current.values())
    return [...this.#survivors].every((uuid) => this.#stored.has(uuid) || !current.has(uuid))
  }

  /** What the service tells of an entry, whatever it answers. @param {'stored' | 'lost'} kind @param {string} session @param {string} uuid */
  note(kind, session, uuid) {
    this.#write(uuid, kind === 'stored' ? 'stored' : 'conflict')
    if (kind === 'stored') {
      this.#stored.add(uuid)
      this.#rightOfWay.end(session, uuid)
    } else {
      this.conflicts += 1
      this.#trouble(uuid)
    }
  }

  /** A request is over. @param {number} number @param {boolean} answered */
  close(number, answered) {
    const asked = this.#open.get(number)
    this.#open.delete(number)
    if (asked === undefined || answered) return
    asked.over = true
    if (asked.uuid === undefined || asked.client === this.#writer) return
    this.#write(asked.uuid, 'no answer')
    // Its client pauses now.
    this.#rightOfWay.end(asked.session, asked.uuid)
  }

  /** The service was killed: what it worked on has met enough. */
  killed() {
    this.#open.clear()
    this.#rightOfWay.endAll()
    this.#survivors.clear()
    for (const uuid of this.#current.values()) {
      if (this.#stored.has(uuid)) continue
      this.#write(uuid, 'the service is killed')
      this.#survivors.add(uuid)
      this.#troubles.set(uuid, AT_MOST)
    }
  }

  /** @param {...(string | number)} key */
  #random(...key) {
    return createRandom(this.#seed, ...key)
  }

  /** @param {string} uuid */
  #trouble(uuid) {
    this.#troubles.set(uuid, (this.#troubles.get(uuid) ?? 0) + 1)
  }

  /** What an entry met. @param {string} uuid */
  history(uuid) {
    return (this.#histories.get(uuid) ?? []).join(', ')
  }

  /** @param {string} uuid @param {string} what */
  #write(uuid, what) {
    const history = this.#histories.get(uuid) ?? []
    this.#histories.set(uuid, history)
    history.push(what)
  }

  /** @param {string} uuid @param {Deal & { fault: string }} deal */
  #count(uuid, deal) {
    this.#write(uuid, deal.meanwhile ? `${deal.fault}, and the second writer meanwhile` : deal.fault)
    this.dealt[deal.fault] = (this.dealt[deal.fault] ?? 0) + 1
    if (deal.meanwhile) this.meanwhiles += 1
    return deal
  }
}
