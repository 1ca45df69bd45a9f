// Runs a bit of everything under valgrind: what is read or written where nothing is, or is freed twice, fails, and
// so does what the addon loses for good.
//
// The addon is the quick build, which has debug information: frames have names. V8 runs
// without its compilers, whose code valgrind would have to follow.

import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { useQuickBuild } from '../shared/quick-build.mjs'

const path = (/** @type {string} */ name) => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const log = path('target/valgrind.log')

useQuickBuild()
mkdirSync(path('target'), { recursive: true })
const parameters = [
  '--error-exitcode=99',
  '--leak-check=full',
  '--show-leak-kinds=definite',
  '--errors-for-leak-kinds=none',
]
parameters.push('--num-callers=40', `--log-file=${log}`, process.execPath, '--jitless')
const { status, stdout, stderr, error } = spawnSync(
  'valgrind',
  [...parameters, path('__test__/fixtures/everything.cjs')],
  { encoding: 'utf8', timeout: 20 * 60_000 },
)
const report = readFileSync(log, 'utf8').replace(/^==\d+== ?/gm, '')
const lost = report
  .split('\n\n')
  .filter((record) => /definitely lost in/.test(record) && /session_ingress/.test(record))
// A promise that is pending when its environment ends can be settled no more: Node-API keeps 8 bytes of each.
const ours = lost.filter((record) => !/napi_create_promise/.test(record))
console.log(report.match(/ERROR SUMMARY.*/)?.[0] ?? 'no summary')
console.log(`lost for good by the addon: ${ours.length}, besides the promises of environments that ended`)
if (error || status !== 0 || stdout !== 'end\n' || ours.length > 0) {
  console.error(`${ours.join('\n\n')}${error?.message ?? `${stdout}${stderr}status ${status}`}: see ${log}`)
  process.exit(1)
}
