// Builds the addon for other platforms than this machine's, and tests it there: npm run test:platforms [-- NAME…]
//
// On Debian 12, x64. What it needs is downloaded by apt, pip, npm and cargo as they are set up here, and kept in target/.

import { mkdirSync, writeFileSync } from 'node:fs'
import { checkBinary } from './build/check.mjs'
import { buildForRelease, canRelease } from './build/for-release.mjs'
import { buildForTests, buildNeeds, howForTests } from './build/for-tests.mjs'
import { runCoreTests } from './core-tests.mjs'
import { kept } from './folders.mjs'
import { installAll } from './install/needs.mjs'
import { zigNeed } from './install/python.mjs'
import { runMainJob } from './main-job.mjs'
import { platforms } from './platforms.mjs'
import { createStage } from './stage.mjs'
import { runSuite } from './suite.mjs'
import { writeTable } from './table.mjs'

const names = process.argv.slice(2)
const unknown = names.filter((name) => !(name in platforms))
if (unknown.length > 0) {
  console.error(`no such platform: ${unknown.join(', ')}. There are ${Object.keys(platforms).join(', ')}`)
  process.exit(2)
}
const chosen = names.length > 0 ? names : Object.keys(platforms)

const releases = new Set(chosen.filter((name) => canRelease(platforms[name].target)))
await installAll(
  chosen.flatMap((name) => {
    const { target, machine } = platforms[name]
    return [...(releases.has(name) ? [zigNeed] : buildNeeds(target)), ...(machine?.needs ?? [])]
  }),
)

/** @type {import('./table.mjs').Row[]} */
const rows = []
for (const name of chosen) {
  const started = performance.now()
  try {
    rows.push(await testPlatform(name))
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error)
    console.error(`  ${name} FAILED: ${error instanceof Error ? error.message : error}`)
    rows.push({ name, built: '', checked: '', testedWith: [], passed: 0, failed: [why], skipped: [] })
  }
  mkdirSync(kept('rows'), { recursive: true })
  writeFileSync(kept('rows', `${name}.json`), JSON.stringify(rows.at(-1), null, 2))
  console.log(`${name} took ${((performance.now() - started) / 60_000).toFixed(1)} minutes`)
}
const table = writeTable(rows)
writeFileSync(kept('table.md'), `${table}\n`)
console.log(`\n${new Date().toISOString().slice(0, 10)}\n\n${table}`)
process.exitCode = rows.some(({ failed }) => failed.length > 0) ? 1 : 0

/** @param {string} name @returns {Promise<import('./table.mjs').Row>} */
async function testPlatform(name) {
  const { target, machine, coreTests, files = [], env = {}, exclusions } = platforms[name]
  console.log(`${name}: building for ${target} …`)
  const isRelease = releases.has(name)
  const binary = await (isRelease ? buildForRelease(target, kept('builds')) : buildForTests(target))
  const built = isRelease ? 'as it is published' : howForTests(target)
  const checked = binary ? checkBinary(binary) : 'compiles, and is not linked'
  /** @type {import('./table.mjs').Row} */
  const row = { name, built, checked, testedWith: [], passed: 0, failed: [], skipped: [] }
  if (!machine || !binary) return row

  const stage = createStage(name, binary)
  const ready = { ...machine, mounts: stage.mounts }
  for (const [runtime, command] of Object.entries(machine.runtimes)) {
    row.testedWith.push(`main job on ${runtime}`)
    if (await runMainJob(ready, name, runtime, command)) row.passed += 1
    else row.failed.push(`main job on ${runtime}`)
  }
  if (coreTests) {
    row.testedWith.push(`the core's own tests${coreTests.length > 0 ? ` of ${coreTests.join(', ')}` : ''}`)
    const { passed, failed } = await runCoreTests(ready, name, target, { isRelease, only: coreTests })
    row.passed += passed
    row.failed.push(...failed)
  }
  const variables = { ...env, NAPI_RS_NATIVE_LIBRARY_PATH: stage.binary }
  const counts = await runSuite(ready, name, files, { exclusions, env: variables })
  row.testedWith.push(`${files.length} test files`)
  row.passed += counts.passed
  row.failed.push(...counts.failed)
  row.skipped.push(...counts.skipped)
  return row
}
