// Runs files of the test-suite on a machine, one after the other, and counts.

import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { kept } from './folders.mjs'
import { runIn } from './machines/namespace.mjs'

/**
 * @typedef {{ file: string, tests?: RegExp, why: string }} Exclusion without `tests`, the whole file
 * @typedef {{ passed: number, failed: string[], skipped: string[] }} Counts the failed and the skipped with their reasons
 */

/** A file that takes longer is ended, and fails. */
const LIMIT_MS = 5 * 60_000

/**
 * @param {import('./machines/namespace.mjs').Machine & { node: string[] }} machine
 * @param {string} name of the platform
 * @param {string[]} files
 * @param {{ exclusions?: Exclusion[], env: Record<string, string> }} options
 * @returns {Promise<Counts>}
 */
export async function runSuite(machine, name, files, { exclusions = [], env }) {
  /** @type {Counts} */
  const counts = { passed: 0, failed: [], skipped: [] }
  for (const [index, file] of files.entries()) {
    const short = basename(file, '.test.mjs')
    const ofFile = exclusions.filter((exclusion) => exclusion.file === short)
    const whole = ofFile.find(({ tests }) => tests === undefined)
    if (whole) {
      counts.skipped.push(`${short}: ${whole.why}`)
      continue
    }
    const started = performance.now()
    const { passed, failed, skipped, said } = await runFile(machine, name, file, ofFile, env)
    counts.passed += passed
    counts.failed.push(...failed.map((test) => `${short}: ${test}`))
    counts.skipped.push(...skipped.map((test) => `${short}: ${test}`))
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    const bad = failed.length > 0 ? `, FAILED ${failed.length}: ${failed.join('; ')} (${said})` : ''
    console.log(`  ${name} ${index + 1}/${files.length} ${short}: ${passed} passed in ${seconds} s${bad}`)
  }
  return counts
}

/**
 * @param {import('./machines/namespace.mjs').Machine & { node: string[] }} machine
 * @param {string} name
 * @param {string} file
 * @param {Exclusion[]} exclusions
 * @param {Record<string, string>} env
 */
async function runFile(machine, name, file, exclusions, env) {
  const log = kept('logs', name, `${basename(file)}.tap`)
  const left = exclusions.map(({ tests }) => `--test-skip-pattern=${tests?.source}`)
  const command = [...machine.node, '--test-reporter=tap', ...left, file]
  const { code, signal } = await runIn(machine, command, { log, cwd: '/clone', env, timeout: LIMIT_MS })
  const tap = readFileSync(log, 'utf8')
  const count = (/** @type {string} */ what) => Number(new RegExp(`^# ${what} (\\d+)\\r?$`, 'm').exec(tap)?.[1] ?? 0)
  const failed = findFailures(tap)
  // A process that ends without its summary has crashed, or was ended.
  const isWhole = /^# tests \d+/m.test(tap)
  if (!isWhole || (failed.length === 0 && code !== 0)) failed.push(`ended by ${signal ?? `code ${code}`}`)
  return {
    passed: isWhole ? count('pass') : [...tap.matchAll(/^ok \d+ - (?!.*# SKIP)/gm)].length,
    failed,
    skipped: [
      ...[...tap.matchAll(/^ *ok \d+ - (.*) # SKIP ?(.*?)\r?$/gm)].map(([, test, why]) => `${test} (${why})`),
      ...exclusions.map(({ tests, why }) => `/${tests?.source}/: ${why}`),
    ],
    said: log,
  }
}

/** The tests that failed, without the suites that did so for theirs. @param {string} tap */
function findFailures(tap) {
  const failures = tap.matchAll(/^( *)not ok \d+ - (.*?)\r?\n\1 {2}---\r?\n([\s\S]*?)\n\1 {2}\.\.\./gm)
  return [...failures]
    .filter(([, , , detail]) => !/failureType: 'subtestsFailed'/.test(detail))
    .map(([, , test]) => test)
}
