// The core's own tests, built here for a platform by the standard library that comes with Rust, and run on a machine.

import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { zig } from './build/zig.mjs'
import { kept, ROOT } from './folders.mjs'
import { runIn } from './machines/namespace.mjs'

const LIMIT_MS = 10 * 60_000

/**
 * @param {import('./machines/namespace.mjs').Machine} machine
 * @param {string} name of the platform
 * @param {string} target
 * @returns {Promise<{ passed: number, failed: string[] }>}
 */
export async function runCoreTests(machine, name, target) {
  console.log(`  ${name}: building the core's tests …`)
  const folder = kept('core-tests', name)
  mkdirSync(folder, { recursive: true })
  copyFileSync(build(target), join(folder, 'tests'))

  const log = kept('logs', name, 'core-tests')
  // They read files of the core by the paths at which it was compiled.
  const core = join(ROOT, 'core')
  const ready = { ...machine, mounts: { '/core-tests': folder, [core]: core } }
  const { code, signal } = await runIn(ready, ['/core-tests/tests'], { log, cwd: core, timeout: LIMIT_MS })
  const said = readFileSync(log, 'utf8')
  const [, passed = '0'] = /^test result: .* (\d+) passed;/m.exec(said) ?? []
  const failed = [...said.matchAll(/^test (.*) \.\.\. FAILED$/gm)].map(([, test]) => `core: ${test}`)
  if (code !== 0 && failed.length === 0) failed.push(`the core's tests ended by ${signal ?? `code ${code}`}`)
  const bad = failed.length > 0 ? `, FAILED ${failed.length}: ${failed.join('; ')} (${log})` : ''
  console.log(`  ${name} the core's own tests: ${passed} passed${bad}`)
  return { passed: Number(passed), failed }
}

/** The executable of the tests of the library. @param {string} target */
function build(target) {
  const { program, target: linked, variables } = zig(target)
  const profile = ['--profile', 'quick', '--features', 'test-hooks']
  const what = ['--package', 'session-ingress-core', '--lib', '--no-run', '--message-format=json-render-diagnostics']
  const { status, stdout } = spawnSync(program, ['test', '--locked', ...what, ...profile, '--target', linked], {
    cwd: ROOT,
    env: { ...process.env, ...variables },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error(`the core's tests cannot be built for ${target}`)
  const messages = stdout.split('\n').filter((line) => line.startsWith('{'))
  const built = messages.map((line) => JSON.parse(line)).find(({ executable }) => executable)
  return built.executable
}
