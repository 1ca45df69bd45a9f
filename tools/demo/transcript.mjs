// Transcripts as a coding-agent CLI writes them: JSON Lines, or one object with `loglines`.

import { readFile } from 'node:fs/promises'

/**
 * @typedef {{ uuid: string, [key: string]: unknown }} Entry
 * @typedef {object} Transcript
 * @property {Entry[]} entries what can be appended, in order, each uuid once
 * @property {number} skipped entries without a usable uuid or whose uuid came before, and lines that are no JSON
 */

/** @param {string} path @returns {Promise<Transcript>} */
export async function readTranscript(path) {
  const text = await readFile(path, 'utf8')
  const found = parse(text.replace(/^\ufeff/, ''))
  const seen = new Set()
  const entries = found.filter((entry) => {
    const uuid = entry?.uuid
    if (typeof uuid !== 'string' || !/^\P{Cc}+$/u.test(uuid) || seen.has(uuid)) return false
    seen.add(uuid)
    return true
  })
  return { entries, skipped: found.length - entries.length }
}

/** @param {string} text @returns {any[]} entries, `undefined` for each line that is none */
function parse(text) {
  try {
    const { loglines } = JSON.parse(text)
    if (Array.isArray(loglines)) return loglines
  } catch {
    // JSON Lines, then.
  }
  return text.split('\n').flatMap((line) => {
    if (line.trim() === '') return []
    try {
      return [JSON.parse(line)]
    } catch {
      return [undefined]
    }
  })
}
