// Refuses to pack or publish a binary that is not the one to be shipped: one that can be told to panic, or of another
// profile than `release`, or for tests alone. Looks at those beside index.js, where none is as well, and those of the
// platforms' packages, where there are such.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { TEST_BUILD } from '../shared/test-build.mjs'

/** What a binary holds that is not to be shipped, and why it is not. @type {[string, string][]} */
const SIGNS = [
  [TEST_BUILD, 'was built for tests alone, or is a stand-in without any code'],
  ['panicAt', 'was built with the feature test-hooks'],
  // Only checked arithmetic can say so, and the release profile has none.
  ['attempt to add with overflow', 'was built in another profile than release'],
]
const LARGEST_BYTES = 8_000_000

const root = fileURLToPath(new URL('../..', import.meta.url))
const packages = existsSync(`${root}npm`) ? readdirSync(`${root}npm`).map((name) => `npm/${name}/`) : []
const binaries = ['', ...packages].flatMap((folder) =>
  readdirSync(root + folder)
    .filter((name) => name.endsWith('.node'))
    .map((name) => folder + name),
)
for (const folder of packages) {
  if (binaries.some((path) => path.startsWith(folder))) continue
  console.error(`${folder.slice(0, -1)} has no binary`)
  process.exitCode = 1
}
for (const path of binaries) {
  const bytes = readFileSync(root + path)
  const reasons = SIGNS.filter(([sign]) => bytes.includes(sign)).map(([, reason]) => reason)
  if (bytes.length > LARGEST_BYTES) reasons.push(`has ${bytes.length} bytes, more than ${LARGEST_BYTES}`)
  for (const reason of reasons) console.error(`${path} ${reason}: make the one to be shipped by \`npm run build\``)
  if (reasons.length > 0) process.exitCode = 1
}
