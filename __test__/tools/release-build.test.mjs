// The build that is shipped: packed and installed it does its main job, and no other build is let through.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startIngressServer } from 'session-ingress/testing'
import { QUICK_BUILD } from '../../tools/shared/quick-build.mjs'
import { markTestBuild } from '../../tools/shared/test-build.mjs'
import { addAppendFaults } from '../support/append-faults.mjs'
import { createFolder, installTarball } from '../support/package.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

test('the installed release build does its main job under faults, and lets the process end', async (t) => {
  const dir = createFolder(t)
  await installTarball(dir)
  await copyFile(new URL('../fixtures/main-job.mjs', import.meta.url), join(dir, 'main-job.mjs'))
  const server = await startIngressServer({ dir: createFolder(t) })
  t.after(() => server.close())
  addAppendFaults(server.faults)
  const { NAPI_RS_NATIVE_LIBRARY_PATH, ...environment } = process.env
  const env = { ...environment, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' }
  const { stdout } = await run(process.execPath, ['main-job.mjs', server.url], { cwd: dir, env, timeout: 60_000 })
  assert.equal(stdout, 'done\n')
})

/** What `prepack` says of a binary beside index.js. @param {import('node:test').TestContext} t @param {(path: string) => Promise<void>} put */
async function checkShipped(t, put) {
  const dir = createFolder(t)
  await mkdir(join(dir, 'tools/scripts'), { recursive: true })
  const script = join(dir, 'tools/scripts/check-shipped.mjs')
  await copyFile(join(ROOT, 'tools/scripts/check-shipped.mjs'), script)
  await mkdir(join(dir, 'tools/shared'))
  await copyFile(join(ROOT, 'tools/shared/test-build.mjs'), join(dir, 'tools/shared/test-build.mjs'))
  await put(join(dir, 'session-ingress.linux-x64-gnu.node'))
  return run(process.execPath, [script]).then(
    () => 'fine',
    ({ code, stderr }) => `${code}: ${stderr}`,
  )
}

test('a folder with the release build, or without any, may be packed', async (t) => {
  const built = (await readdir(ROOT)).find((name) => name.endsWith('.node')) ?? ''
  assert.equal(await checkShipped(t, (path) => copyFile(join(ROOT, built), path)), 'fine')
  assert.equal(await checkShipped(t, async () => {}), 'fine')
})

const skip = !existsSync(QUICK_BUILD) && 'made by `npm run build:quick`'

test('the quick build may not be packed: it can be told to panic, and has another profile', { skip }, async (t) => {
  const said = await checkShipped(t, (path) => copyFile(QUICK_BUILD, path))
  assert.match(
    said,
    /^1: session-ingress\.linux-x64-gnu\.node was built with the feature test-hooks: .*`npm run build`\n/,
  )
  assert.match(said, / was built in another profile than release: /)
})

test('a build for tests alone, and what stands in for a binary, may not be packed', async (t) => {
  const built = (await readdir(ROOT)).find((name) => name.endsWith('.node')) ?? ''
  for (const content of [await readFile(join(ROOT, built)), '']) {
    const said = await checkShipped(t, async (path) => {
      await writeFile(path, content)
      markTestBuild(path)
    })
    assert.match(said, /^1: session-ingress\.linux-x64-gnu\.node was built for tests alone, or .*without any code: /)
  }
})

test('a package of a platform without its binary may not be packed', async (t) => {
  assert.match(
    await checkShipped(t, (path) => mkdir(join(path, '../npm/linux-x64-gnu'), { recursive: true }).then(() => {})),
    /^1: npm\/linux-x64-gnu has no binary/,
  )
})

test('a binary that is larger than any release build may not be packed', async (t) => {
  assert.match(
    await checkShipped(t, (path) => writeFile(path, Buffer.alloc(9_000_000))),
    /^1: .* has 9000000 bytes, more/,
  )
})
