// The package managers besides npm, and where tools/scripts/install-package-managers.mjs puts them.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const folder = fileURLToPath(new URL('../../target/package-managers', import.meta.url))

/** @type {Record<string, string>} */
export const packages = { pnpm: '10', '@yarnpkg/cli-dist': '4' }

/** The script of each. */
export const programs = {
  pnpm: join(folder, 'node_modules/pnpm/bin/pnpm.cjs'),
  yarn: join(folder, 'node_modules/@yarnpkg/cli-dist/bin/yarn.js'),
}
