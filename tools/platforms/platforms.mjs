// The platforms that `npm run test:platforms` builds for, and what it runs on each.

import { readdirSync } from 'node:fs'
import { ROOT } from './folders.mjs'
import { arm64Machine, muslMachine } from './machines/linux.mjs'
import { wineMachine } from './machines/wine.mjs'

/**
 * @typedef {import('./machines/namespace.mjs').Machine} Machine
 * @typedef {Omit<Machine, 'mounts'> & {
 *   needs: import('./install/needs.mjs').Need[], node: string[], runtimes: Record<string, string[]>
 * }} TestMachine
 * @typedef {object} Platform
 * @property {string} target of package.json
 * @property {TestMachine} [machine] none: it is built, and cannot run
 * @property {string[]} [coreTests] a part of the names of the core's own tests that are run; all of them where it is empty
 * @property {string[]} [files] of the test-suite
 * @property {Record<string, string>} [env] of the test-suite
 * @property {import('./suite.mjs').Exclusion[]} [exclusions]
 */

const ALL = readdirSync(`${ROOT}/__test__`)
  .filter((name) => name.endsWith('.test.mjs'))
  .map((name) => `__test__/${name}`)
/** Of the tools' tests, those of the package as a host has it. */
const OF_PACKAGE = ['package', 'missing-binary', 'release'].map((name) => `__test__/tools/${name}.test.mjs`)

/** What an emulated processor has time for: the ends of processes and workers, and what a wrong word of memory would break. */
const TELLING = [
  'append',
  'compression',
  'concurrency',
  'conflicts',
  'https',
  'in-doubt',
  'process-ends',
  'session-logs',
  'worker-ends',
  'workers',
].map((name) => `__test__/${name}.test.mjs`)
/** A tenth of the rounds: each starts processes or workers, which takes seconds there. */
const EMULATED = { LIFE_ROUNDS: '20' }

/** @type {Record<string, Platform>} */
export const platforms = {
  'linux-x64-musl': {
    target: 'x86_64-unknown-linux-musl',
    machine: muslMachine('x64'),
    files: [...ALL, ...OF_PACKAGE],
  },
  'linux-arm64-gnu': {
    target: 'aarch64-unknown-linux-gnu',
    machine: arm64Machine(),
    coreTests: [],
    files: TELLING,
    env: EMULATED,
  },
  'linux-arm64-musl': {
    target: 'aarch64-unknown-linux-musl',
    machine: muslMachine('arm64'),
    files: TELLING,
    env: EMULATED,
  },
  'win32-x64': {
    target: 'x86_64-pc-windows-msvc',
    machine: wineMachine(),
    // The rules for files, on which the outbox builds.
    coreTests: ['outbox::'],
    files: ALL,
  },
  'darwin-arm64': { target: 'aarch64-apple-darwin' },
  'darwin-x64': { target: 'x86_64-apple-darwin' },
  'win32-arm64': { target: 'aarch64-pc-windows-msvc' },
}
