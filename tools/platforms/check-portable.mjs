// Checks binaries that are to be published: npm run check:portable [-- FILE …], or all that lie beside index.js
//
// For Linux one must be below 8 MB, and need no newer glibc than 2.28 or, for musl, nothing but the C library.

import { readdirSync } from 'node:fs'
import { checkBinary } from './build/check.mjs'
import { ROOT } from './folders.mjs'

const named = process.argv.slice(2)
const files = named.length > 0 ? named : readdirSync(ROOT).filter((name) => name.endsWith('.node'))
if (files.length === 0) {
  console.error('there is no binary to be checked: `npm run build:target` builds one')
  process.exitCode = 1
}
for (const file of files) {
  try {
    console.log(`${file}: ${checkBinary(file)}`)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
