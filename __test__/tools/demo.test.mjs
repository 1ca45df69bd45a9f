// The demo: which entries of a transcript it takes, and that it runs.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { readTranscript } from '../../tools/demo/transcript.mjs'

const RUN = fileURLToPath(new URL('../../tools/demo/run.mjs', import.meta.url))

/** @param {import('node:test').TestContext} t @param {string} text */
async function write(t, text) {
  const dir = await mkdtemp(join(tmpdir(), 'session-ingress-test-'))
  t.after(() => rm(dir, { recursive: true }))
  const path = join(dir, 'transcript.jsonl')
  await writeFile(path, text)
  return path
}

test('the demo skips and counts lines that are no JSON, entries without uuid and repeated uuids', async (t) => {
  const lines = [
    '{"uuid":"a"}',
    '',
    '{"uuid":',
    '{"type":"summary"}',
    '{"uuid":"b"}',
    '{"uuid":"a","n":2}',
    'null',
    '3',
  ]
  const path = await write(t, lines.join('\n'))
  assert.deepEqual(await readTranscript(path), { entries: [{ uuid: 'a' }, { uuid: 'b' }], skipped: 5 })
})

test('the demo skips a byte order mark, and takes a uuid with control characters for none', async (t) => {
  const path = await write(t, '\ufeff{"uuid":"a"}\n{"uuid":"b\\n"}')
  assert.deepEqual(await readTranscript(path), { entries: [{ uuid: 'a' }], skipped: 1 })
})

test('the demo reads a file that holds one object with loglines', async (t) => {
  const path = await write(t, JSON.stringify({ loglines: [{ uuid: 'a' }, { type: 'user' }] }, null, 2))
  assert.deepEqual(await readTranscript(path), { entries: [{ uuid: 'a' }], skipped: 1 })
})

test('the demo appends its sample through an outage and finds every entry equal', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [RUN])
  assert.match(stdout, /killing the service/)
  assert.match(stdout, /Every entry came back equal, through all three readers, and none was lost with its client\./)
})
