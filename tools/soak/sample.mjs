// What a process holds at a moment: its memory, its threads, its connections, and how its event loop fares.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'

const EACH_MS = 1000
const RESOLUTION_MS = 10
const MEGABYTE = 1024 ** 2

/**
 * @typedef {object} Sample
 * @property {number} seconds since the beginning
 * @property {number} rss MB, like all memory
 * @property {number} heap
 * @property {number} external buffers and the like, array buffers included
 * @property {number} threads NaN where the system does not say, like the next two
 * @property {number} descriptors open files, pipes and sockets
 * @property {number} sockets
 * @property {number} delay of the event loop, ms: 99 of a hundred timers of the last second were less late
 * @property {number} rate operations done in the last second
 */

/** @param {() => number} operations done so far @param {(sample: Sample) => void} take */
export function startSampling(operations, take) {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  const start = performance.now()
  let [before, done] = [start, operations()]
  delays.enable()
  const timer = setInterval(() => {
    const delay = Math.max(0, delays.percentile(99) / 1e6 - RESOLUTION_MS)
    const now = performance.now()
    const rate = ((operations() - done) * 1000) / (now - before)
    done = operations()
    before = now
    // What is garbage is none of a leak. The collection holds the loop itself: it is left out of the delay.
    globalThis.gc?.()
    const { heapUsed, external } = process.memoryUsage()
    const rss = process.memoryUsage.rss() / MEGABYTE
    const seconds = (now - start) / 1000
    take({ seconds, rss, heap: heapUsed / MEGABYTE, external: external / MEGABYTE, delay, rate, ...readProc() })
    delays.reset()
  }, EACH_MS)
  return {
    stop: () => {
      clearInterval(timer)
      delays.disable()
    },
  }
}

/** @returns {{ threads: number, descriptors: number, sockets: number }} */
function readProc() {
  try {
    const threads = Number(/^Threads:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
    const links = readdirSync('/proc/self/fd').map((name) => linkOf(`/proc/self/fd/${name}`))
    return { threads, descriptors: links.length, sockets: links.filter((link) => link.startsWith('socket:')).length }
  } catch {
    return { threads: Number.NaN, descriptors: Number.NaN, sockets: Number.NaN }
  }
}

/** @param {string} path */
function linkOf(path) {
  try {
    return readlinkSync(path)
  } catch {
    // Closed since it was listed.
    return ''
  }
}
