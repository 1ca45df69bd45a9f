// Checks a binary that is to be published: npm run check:portable [-- FILE]
//
// For Linux it must be below 8 MB, and need no newer glibc than 2.28 or, for musl, nothing but the C library.

import { checkBinary } from './build/check.mjs'

const [, , file = 'session-ingress.linux-x64-gnu.node'] = process.argv
try {
  console.log(`${file}: ${checkBinary(file)}`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
