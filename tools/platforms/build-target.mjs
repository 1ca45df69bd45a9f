// Builds the binary for a target: npm run build:target -- TRIPLE [--to-publish]
//
// As it is published, beside index.js, where this machine has what that needs: Rust's own standard library for the target
// and, for macOS and Windows, a machine of that kind. Else one for tests alone, in target/platforms; none, and a failure,
// with --to-publish.

import { targets } from '../shared/targets.mjs'
import { buildForRelease, canRelease } from './build/for-release.mjs'
import { buildForTests } from './build/for-tests.mjs'

const [, , target, option] = process.argv
if (target === undefined || !targets.includes(target)) {
  console.error(`usage: npm run build:target -- TRIPLE [--to-publish]\n\nTRIPLE is one of ${targets.join(', ')}`)
  process.exit(2)
}
try {
  if (canRelease(target)) {
    console.log(`Built, to be published: ${await buildForRelease(target)}`)
  } else if (option === '--to-publish') {
    throw new Error(`${target} cannot be built here as it is published`)
  } else {
    console.log(`${target} cannot be built here as it is published: this is a build for tests alone`)
    console.log(`Built, for tests alone: ${(await buildForTests(target)) ?? 'checked only, there is no linker for it'}`)
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
