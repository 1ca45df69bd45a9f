// A disk that is full now and then.

import { spawnSync } from 'node:child_process'
import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { between, createRandom } from '../../shared/random.mjs'

/** Some hundred files of a page. */
const KILOBYTES = 1024
const PAGE = Buffer.alloc(4096, 'x')

export class SmallDisk {
  /** How often it was full. */
  windows = 0
  #dir
  #filler
  #over = new AbortController()

  /** @param {string} dir */
  constructor(dir) {
    this.#dir = dir
    this.#filler = join(dir, 'filler')
  }

  /** Mounts one at a folder; `undefined` where the system or the user cannot. @param {string} dir */
  static mount(dir) {
    mkdirSync(dir)
    const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${KILOBYTES}k,mode=0700`, 'stress', dir])
    return status === 0 ? new SmallDisk(dir) : undefined
  }

  /** Fills it and makes room again, until it is freed. @param {...(string | number)} key of the chance */
  async fillNowAndThen(...key) {
    const random = createRandom(...key)
    const { signal } = this.#over
    const wait = (/** @type {number} */ ms) => sleep(ms, undefined, { signal }).catch(() => {})
    while (!signal.aborted) {
      await wait(between(random, 100, 600))
      if (signal.aborted) break
      this.#fill(between(random, 0, 3))
      this.windows += 1
      await wait(between(random, 50, 400))
      rmSync(this.#filler, { force: true })
    }
  }

  /** Ends the filling: there is room. */
  free() {
    this.#over.abort()
    rmSync(this.#filler, { force: true })
  }

  unmount() {
    this.free()
    spawnSync('umount', ['-l', this.#dir])
  }

  /** @param {number} pages that are left: a write may find room for a part of it */
  #fill(pages) {
    const file = openSync(this.#filler, 'w')
    let written = 0
    try {
      for (;;) written += writeSync(file, PAGE, 0, PAGE.length, written)
    } catch {
      // It is full.
    }
    ftruncateSync(file, Math.max(0, written - pages * PAGE.length))
    closeSync(file)
  }
}
