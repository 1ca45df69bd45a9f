// How busy the machine was with something else meanwhile: numbers from a busy machine say little.

import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'

/** @returns {() => number} says how many cores others have kept busy since, NaN where the system does not say */
export function watchOthers() {
  const start = performance.now()
  const [allBefore, ownBefore] = [readAll(), readOwn()]
  return () => (readAll() - allBefore - (readOwn() - ownBefore)) / (performance.now() - start)
}

/** A tick of the kernel's accounts is 10 ms. */
const TICK_MS = 10

/** What all cores have worked since the machine started, and what was taken from them, in milliseconds. */
function readAll() {
  const [user, nice, system, , , irq, softirq, steal] = fields('/proc/stat', /^cpu +(.*)$/m)
  return (user + nice + system + irq + softirq + steal) * TICK_MS
}

/** What this process has, and those of its children that have ended. */
function readOwn() {
  const [user, system, childrenUser, childrenSystem] = fields('/proc/self/stat', /\)(?: \S+){11} (.*)$/m)
  return (user + system + childrenUser + childrenSystem) * TICK_MS
}

function fields(path, pattern) {
  try {
    const [, text = ''] = pattern.exec(readFileSync(path, 'utf8')) ?? []
    return text.split(' ').map(Number)
  } catch {
    return []
  }
}
