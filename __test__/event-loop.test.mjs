// The event loop stays responsive while lists are handed over, and needs no timers of the host's for it.

import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { test } from 'node:test'
import { addon, createEntry, useHost } from './support/addon.mjs'
import { runProgram } from './support/child.mjs'
import { serve, serveInOrder } from './support/server.mjs'

/** The longest turn of the event loop while `work` is under way, in milliseconds. @param {() => Promise<unknown>} work */
async function longestTurnOf(work) {
  let longest = 0
  let last = performance.now()
  let done = false
  const turn = () => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    if (!done) setImmediate(turn)
  }
  turn()
  await work()
  done = true
  return longest
}

test('a long list is handed over in turns, each far shorter than parsing the whole list at once', async (t) => {
  useHost(t)
  const entries = Array.from({ length: 60_000 }, () => createEntry({ text: 'x'.repeat(500) }))
  const body = Buffer.from(JSON.stringify({ loglines: entries }))
  const server = await serve(t, () => ({ body }))
  const start = performance.now()
  JSON.parse(body.toString())
  const whole = performance.now() - start
  const turns = []
  // The shortest of some: whatever else the machine does hits one or another.
  for (let round = 0; round < 5; round++) {
    turns.push(
      await longestTurnOf(async () => assert.equal((await addon.getSessionLogs('s', server.url))?.length, 60_000)),
    )
  }
  assert.ok(Math.min(...turns) < whole / 3, `${turns.map(Math.round)} ms, and ${Math.round(whole)} ms for the whole`)
})

for (const [when, skip] of /** @type {[string, string | false][]} */ ([
  ['after the addon was loaded', false],
  [
    'before the addon was loaded, in the place of the global ones',
    !('getBuiltinModule' in process) && 'this Node gives out the real ones by `require` alone',
  ],
])) {
  test(`a long list is handed over under fake timers that were installed ${when}`, { skip }, async (t) => {
    const entries = Array.from({ length: 5000 }, () => createEntry({ text: 'x'.repeat(500) }))
    const server = await serveInOrder(t, { body: { loglines: entries } })
    const ended = await runProgram('fake-timers', { url: server.url, when })
    assert.deepEqual(ended, { stdout: '5000\n', stderr: '', code: 0, signal: null })
  })
}
