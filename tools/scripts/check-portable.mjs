// Checks the Linux binary that is to be shipped: node tools/scripts/check-portable.mjs [FILE]
//
// It must need no newer glibc than 2.28, and be below 8 MB.

import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'

const GLIBC = [2, 28]
const BYTES = 8_000_000

const [, , file = 'session-ingress.linux-x64-gnu.node'] = process.argv
const { stdout, status, stderr, error } = spawnSync('objdump', ['-T', file], { encoding: 'utf8', maxBuffer: 1 << 28 })
if (status !== 0) {
  console.error(`objdump -T ${file} failed (it is part of binutils): ${stderr ?? ''}${error?.message ?? ''}`)
  process.exit(1)
}

const versions = [...stdout.matchAll(/\bGLIBC_(\d+)\.(\d+)/g)].map(([, major, minor]) => [Number(major), Number(minor)])
const [newest] = versions.sort(newestFirst)
const bytes = statSync(file).size
const errors = [
  newest === undefined && 'needs no version of glibc at all: is it a binary for glibc?',
  newest && newestFirst(newest, GLIBC) < 0 && `needs glibc ${newest.join('.')}, newer than ${GLIBC.join('.')}`,
  bytes >= BYTES && `has ${bytes} bytes, ${BYTES} or more`,
].filter(Boolean)

for (const problem of errors) console.error(`${file} ${problem}`)
if (errors.length > 0) process.exit(1)
console.log(`${file} needs glibc ${newest?.join('.')} and has ${bytes} bytes`)

/** @param {number[]} a @param {number[]} b */
function newestFirst(a, b) {
  return b[0] - a[0] || b[1] - a[1]
}
