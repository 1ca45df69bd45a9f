// Chance that can be had again: what is drawn depends on the seed and on what it is drawn for, and not on the
// order in which requests happen to arrive.

/** @param {...(string | number)} key @returns {() => number} numbers in [0, 1), the same for the same key */
export function createRandom(...key) {
  let state = hash(key.join('\n'))
  // mulberry32
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
}

/** @param {() => number} random @param {number} from @param {number} to excluded */
export const between = (random, from, to) => from + Math.floor(random() * (to - from))

/**
 * @template T
 * @param {() => number} random
 * @param {[weight: number, value: T][]} choices weights that sum up to less than 1
 * @returns {T | undefined} none for what is left of 1
 */
export function choose(random, choices) {
  let left = random()
  for (const [weight, value] of choices) {
    left -= weight
    if (left < 0) return value
  }
  return undefined
}

/** @param {() => number} random */
export function makeUuid(random) {
  const hex = Array.from({ length: 32 }, () => between(random, 0, 16).toString(16)).join('')
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5')
}

/** FNV-1a, stirred. @param {string} text */
function hash(text) {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  return value ^ (value >>> 13)
}
