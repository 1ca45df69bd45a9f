// The soak: it ends by itself, draws its picture, and sees a line that is not flat.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { judge } from '../../tools/soak/judge.mjs'
import { createFolder } from '../support/package.mjs'

const RUN = fileURLToPath(new URL('../../tools/soak/run.mjs', import.meta.url))

const SAMPLE = { rss: 90, heap: 5, external: 2, threads: 11, descriptors: 40, sockets: 20, delay: 5, rate: 500 }

/** Samples of ten minutes, in which what is given is something else after each second. @param {Record<string, (seconds: number) => number>} [lines] */
function sample(lines = {}) {
  return Array.from({ length: 600 }, (_, seconds) => ({
    ...SAMPLE,
    ...Object.fromEntries(Object.entries(lines).map(([name, at]) => [name, at(seconds)])),
    seconds,
  }))
}

/** @param {ReturnType<typeof sample>} samples */
const notFlat = (samples) =>
  judge(samples)
    .filter(({ flat }) => !flat)
    .map(({ of }) => of)

test('lines of a soak that stay are flat, whatever was before the warm-up and whatever sticks out', () => {
  const spike = (/** @type {number} */ seconds) => (seconds < 100 || seconds % 50 === 0 ? 1000 : 90)
  assert.deepEqual(notFlat(sample({ rss: spike, heap: spike, delay: spike })), [])
})

for (const [name, at] of /** @type {[string, (seconds: number) => number][]} */ ([
  ['rss', (seconds) => 90 + seconds / 40],
  ['heap', (seconds) => 5 + seconds / 400],
  ['external', (seconds) => 2 + seconds / 200],
  ['threads', (seconds) => 11 + Math.floor(seconds / 120)],
  ['descriptors', (seconds) => 40 + seconds / 8],
  ['sockets', (seconds) => 20 + seconds / 8],
  ['delay', (seconds) => seconds / 3],
  ['rate', (seconds) => 500 - seconds / 2],
])) {
  test(`a line of a soak that creeps is not flat: ${name}`, () => {
    assert.deepEqual(notFlat(sample({ [name]: at })), [name])
  })
}

test('a figure that the system does not tell is not judged', () => {
  const nothing = () => Number.NaN
  assert.deepEqual(notFlat(sample({ threads: nothing, descriptors: nothing, sockets: nothing })), [])
})

test('a soak ends by itself, and what it appended and read was right', async (t) => {
  const out = join(createFolder(t), 'soak.svg')
  const { stdout, stderr } = await new Promise((resolve) => {
    execFile(process.execPath, [RUN, '--minutes', '0.1', '--out', out], (_error, stdout, stderr) =>
      resolve({ stdout, stderr }),
    )
  })
  assert.match(stdout, /[\d,]{3,} appends and \d+ reads \(\d+ more cancelled\) in \d+ sessions/)
  // In so short a time, nothing has to be flat yet.
  assert.deepEqual(
    stderr.split('\n').filter((/** @type {string} */ line) => line !== '' && !line.endsWith(' is not flat')),
    [],
  )
  assert.match(await readFile(out, 'utf8'), /^<svg .*Resident memory/s)
})
