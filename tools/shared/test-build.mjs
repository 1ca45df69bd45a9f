// What marks a binary that is for tests alone: it was built by a standard library, for an interface or against stubs that
// are not those of what is published. Nothing that holds the mark is packed for publishing: tools/scripts/check-shipped.mjs.

import { appendFileSync, readFileSync } from 'node:fs'

export const TEST_BUILD = 'session-ingress: built for tests alone, not to be published'

/** Marks a binary, at its end, where no loader looks. @param {string} file */
export function markTestBuild(file) {
  if (!readFileSync(file).includes(TEST_BUILD)) appendFileSync(file, `\n${TEST_BUILD}\n`)
}
