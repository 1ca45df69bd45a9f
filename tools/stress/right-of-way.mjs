// Lets the entries of a session that were refused often enough go first: without it, two writers that append as
// fast as they can may lose one race after the other.

/** @typedef {{ uuid: string, over: Promise<void>, end: () => void }} Way */

export class RightOfWay {
  /** By session. @type {Map<string, Way>} */
  #ways = new Map()

  /** From now on, others wait for this entry. @param {string} session @param {string} uuid */
  take(session, uuid) {
    if (this.#ways.has(session)) return
    let open = () => {}
    const over = /** @type {Promise<void>} */ (
      new Promise((resolve) => {
        open = () => resolve()
      })
    )
    const end = () => {
      if (this.#ways.get(session) === way) this.#ways.delete(session)
      open()
    }
    const way = { uuid, over, end }
    this.#ways.set(session, way)
  }

  /** The entry is stored, or its writer pauses. @param {string} session @param {string} uuid */
  end(session, uuid) {
    const way = this.#ways.get(session)
    if (way?.uuid === uuid) way.end()
  }

  endAll() {
    for (const way of [...this.#ways.values()]) way.end()
  }

  /** Waits while another entry goes first, so long at most. @param {number} milliseconds @param {string} session @param {string} [uuid] */
  async wait(milliseconds, session, uuid) {
    const deadline = Date.now() + milliseconds
    for (let way = this.#ways.get(session); way !== undefined && way.uuid !== uuid; way = this.#ways.get(session)) {
      const longEnough = setTimeout(way.end, deadline - Date.now())
      await way.over
      clearTimeout(longEnough)
    }
  }
}
