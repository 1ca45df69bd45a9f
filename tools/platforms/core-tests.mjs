// The core's own tests, built here for a platform as its binary is, and run on a machine.

import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cargoForTests } from './build/for-tests.mjs'
import { zig } from './build/zig.mjs'
import { kept, ROOT } from './folders.mjs'
import { runIn } from './machines/namespace.mjs'

const LIMIT_MS = 10 * 60_000

/**
 * @param {import('./machines/namespace.mjs').Machine} machine
 * @param {string} name of the platform
 * @param {string} target
 * @param {{ isRelease: boolean, only?: string[] }} options whether its binary is as it is published; and a part of the
 *   names of the tests that are run, where not all are
 * @returns {Promise<{ passed: number, failed: string[] }>}
 */
export async function runCoreTests(machine, name, target, { isRelease, only = [] }) {
  console.log(`  ${name}: building the core's tests …`)
  const folder = kept('core-tests', name)
  mkdirSync(folder, { recursive: true })
  // Windows wants the name of a program to end so.
  const tests = machine.launcher ? 'tests.exe' : 'tests'
  copyFileSync(await (isRelease ? build(target) : buildAsForTests(target)), join(folder, tests))

  const log = kept('logs', name, 'core-tests')
  // They read files of the core by the paths at which it was compiled.
  const core = join(ROOT, 'core')
  const ready = { ...machine, mounts: { '/core-tests': folder, [core]: core } }
  const command = [...(machine.launcher ?? []), `/core-tests/${tests}`, ...only]
  const { code, signal } = await runIn(ready, command, { log, cwd: core, timeout: LIMIT_MS })
  const said = readFileSync(log, 'utf8')
  const [, passed = '0'] = /^test result: .* (\d+) passed;/m.exec(said) ?? []
  const failed = [...said.matchAll(/^test (.*) \.\.\. FAILED$/gm)].map(([, test]) => `core: ${test}`)
  if (code !== 0 && failed.length === 0) failed.push(`the core's tests ended by ${signal ?? `code ${code}`}`)
  const bad = failed.length > 0 ? `, FAILED ${failed.length}: ${failed.join('; ')} (${log})` : ''
  console.log(`  ${name} the core's own tests: ${passed} passed${bad}`)
  return { passed: Number(passed), failed }
}

const WHAT = ['--package', 'session-ingress-core', '--lib', '--no-run', '--message-format=json-render-diagnostics']

/** The executable of the tests of the library. @param {string} target */
function build(target) {
  const { program, target: linked, variables } = zig(target)
  const profile = ['--profile', 'quick', '--features', 'test-hooks', '--target', linked]
  return compile(target, program, profile, { ...process.env, ...variables })
}

/** The same, where the binary is one for tests alone. @param {string} target */
async function buildAsForTests(target) {
  const { program, parameters, env } = await cargoForTests(target)
  // The library of the tests themselves is compiled with the standard library.
  const withTest = parameters.map((parameter) => parameter.replace(/^(build-std=.*)$/, '$1,test'))
  return compile(target, program, withTest, env)
}

/**
 * @param {string} target
 * @param {string} program
 * @param {string[]} parameters
 * @param {NodeJS.ProcessEnv} env
 * @returns {string} the executable
 */
function compile(target, program, parameters, env) {
  const { status, stdout } = spawnSync(program, ['test', '--locked', ...WHAT, ...parameters], {
    cwd: ROOT,
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error(`the core's tests cannot be built for ${target}`)
  const messages = stdout.split('\n').filter((line) => line.startsWith('{'))
  return messages.map((line) => JSON.parse(line)).find(({ executable }) => executable).executable
}
