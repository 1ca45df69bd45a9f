// What a run has to download, with its size, before it begins.

import { existsSync, rmSync, writeFileSync } from 'node:fs'

/**
 * @typedef {object} Need
 * @property {string} what
 * @property {number} megabytes to be downloaded
 * @property {() => boolean} isThere
 * @property {() => void | Promise<void>} install
 */

/**
 * One folder, which is there wholly or not at all.
 *
 * @param {string} what
 * @param {number} megabytes
 * @param {string} folder
 * @param {(folder: string) => void | Promise<void>} install
 * @returns {Need}
 */
export function folderNeed(what, megabytes, folder, install) {
  const done = `${folder}.done`
  return {
    what,
    megabytes,
    isThere: () => existsSync(done),
    install: async () => {
      rmSync(folder, { recursive: true, force: true })
      await install(folder)
      writeFileSync(done, '')
    },
  }
}

/** Says what is to be downloaded, and downloads it. @param {Need[]} needs */
export async function installAll(needs) {
  const missing = [...new Set(needs)].filter(({ isThere }) => !isThere())
  if (missing.length === 0) return
  const total = missing.reduce((sum, { megabytes }) => sum + megabytes, 0)
  console.log(`To be downloaded, and kept in target/ (${total} MB):`)
  for (const { what, megabytes } of missing) console.log(`  ${String(megabytes).padStart(4)} MB  ${what}`)
  for (const { what, install } of missing) {
    const started = performance.now()
    await install()
    console.log(`  ${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s  ${what}`)
  }
}
