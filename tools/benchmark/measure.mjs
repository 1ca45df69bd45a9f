// What a piece of work costs: the clock, the JavaScript thread, the event loop, memory, the server.

import { readdirSync, readFileSync } from 'node:fs'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Runs `work` with nothing left over from what was before.
 *
 * The time on the JavaScript thread is the event loop's active time: what a host's own code has to wait for,
 * waits for a core included. `cpu` is what the thread really ran of it, `total` what all threads of the process ran.
 * The longest hold has a price, a timer
 * that fires each millisecond, so it is measured only where it is asked for.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @param {{ hold?: boolean, serverPid?: number }} [options]
 */
export async function measure(work, { hold = false, serverPid } = {}) {
  globalThis.gc?.()
  await sleep(20)
  const delays = hold ? monitorEventLoopDelay({ resolution: 1 }) : undefined
  if (delays) {
    delays.enable()
    await sleep(5)
    delays.reset()
  }
  const serverBefore = cpuOf(serverPid, serverPid)
  const cpuBefore = cpuOf(process.pid, process.pid)
  const totalBefore = process.cpuUsage()
  const loopBefore = performance.eventLoopUtilization()
  const start = performance.now()
  const result = await work()
  const wall = performance.now() - start
  const { active } = performance.eventLoopUtilization(loopBefore)
  const cpu = cpuOf(process.pid, process.pid) - cpuBefore
  const { user, system } = process.cpuUsage(totalBefore)
  const total = (user + system) / 1000
  const server = cpuOf(serverPid, serverPid) - serverBefore
  // A hold is known when the timer that it kept waiting has fired.
  await sleep(5)
  delays?.disable()
  return { result, wall, active, cpu, total, server, hold: delays ? delays.max / 1e6 : undefined, peak: peakMemory() }
}

/** Milliseconds that a thread has run; NaN where the system does not say. */
function cpuOf(pid, thread) {
  if (pid === undefined) return Number.NaN
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6
  } catch {
    return Number.NaN
  }
}

/** Megabytes. Not `resourceUsage().maxRSS`: on Linux a process inherits that of the one that started it. */
export function peakMemory() {
  return readStatus('VmHWM') ?? process.resourceUsage().maxRSS / 1024
}

/** Megabytes that the process holds now. */
export function memory() {
  return readStatus('VmRSS') ?? process.memoryUsage.rss() / 1024 ** 2
}

function readStatus(key) {
  try {
    const [, kilobytes] = new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8')) ?? []
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024
  } catch {
    return undefined
  }
}

/** @returns {string[]} the names of this process's threads, empty where the system does not say */
export function threads() {
  try {
    const tasks = readdirSync('/proc/self/task')
    return tasks.map((task) => readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim())
  } catch {
    return []
  }
}

/** @param {number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
