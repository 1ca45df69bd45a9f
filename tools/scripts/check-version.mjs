// Checks that one version is named everywhere: node tools/scripts/check-version.mjs [TAG]
//
// package.json names the packages, Cargo.toml what is sent as User-Agent. A tag to be released must name the
// same, and have its section in the changelog.

import { readFileSync } from 'node:fs'

const read = (/** @type {string} */ path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

const { version } = JSON.parse(read('package.json'))
const [, crate] = /^version = "(.+)"$/m.exec(read('Cargo.toml')) ?? []
const [, , tag] = process.argv
const errors = [
  crate !== version && `Cargo.toml has version ${crate}, package.json ${version}`,
  tag !== undefined && tag !== `v${version}` && `the tag is ${tag}, the version of package.json ${version}`,
  tag !== undefined && !read('CHANGELOG.md').includes(`\n## [${version}]`) && `CHANGELOG.md has no section ${version}`,
].filter(Boolean)

for (const error of errors) console.error(error)
process.exitCode = errors.length > 0 ? 1 : 0
