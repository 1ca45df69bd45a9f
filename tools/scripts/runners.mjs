// The test runners that the package is tested under, and where tools/scripts/install-runners.mjs puts them. Those that
// are a runtime of their own (node:test, bun test, deno test) come with it: see tools/scripts/runtimes.mjs.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const folder = fileURLToPath(new URL('../../target/runners', import.meta.url))

/** Where their commands are. */
export const bin = join(folder, 'node_modules/.bin')

/** The npm packages: the runners, and what tests commonly replace the network with. @type {Record<string, string>} */
export const packages = {
  ava: '6.4.1',
  jest: '30.5.2',
  mocha: '12.0.3',
  msw: '2.15.0',
  nock: '15.0.2',
  vitest: '5.1.1',
}
