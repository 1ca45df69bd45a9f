// A binary for tests alone, for a target that cannot be built here as it is published: by Debian's Rust, with the standard
// library compiled from its sources, and with the points at which a test can have it panic. It lies in target/platforms
// and is marked, so that it is never published.
//
// Windows' GNU interface stands in for Microsoft's, and stubs for the libraries of macOS.

import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync } from 'node:fs'
import { delimiter } from 'node:path'
import { fileName, platformOf } from '../../shared/targets.mjs'
import { markTestBuild } from '../../shared/test-build.mjs'
import { kept, ROOT } from '../folders.mjs'
import { installAll } from '../install/needs.mjs'
import { zigNeed } from '../install/python.mjs'
import { createSdk } from './apple-sdk.mjs'
import { mingw, mingwNeed } from './mingw.mjs'
import { rust, rustNeed } from './rust.mjs'
import { zig } from './zig.mjs'

const PROFILE = 'test-build'
/** What is built in place of a target. @type {Record<string, string>} */
const STAND_INS = {
  'x86_64-pc-windows-msvc': 'x86_64-pc-windows-gnu',
  'aarch64-pc-windows-msvc': 'aarch64-pc-windows-gnullvm',
}
const LIBRARIES = /** @type {Record<string, string>} */ ({
  linux: 'libsession_ingress.so',
  darwin: 'libsession_ingress.dylib',
  win32: 'session_ingress.dll',
})

/** Where it is when it is built. @param {string} target */
export const testBuildOf = (target) => kept('builds', fileName(target))

/** What building it needs. @param {string} target */
export const buildNeeds = (target) => [
  zigNeed,
  rustNeed,
  ...(platformOf(target).platform === 'win32' ? [mingwNeed] : []),
]

/** How, in a few words. @param {string} target */
export function howForTests(target) {
  const { platform, arch } = platformOf(target)
  const linker = { linux: 'zig', darwin: 'zig, against stubs', win32: arch === 'x64' ? 'mingw' : 'not linked' }[
    platform
  ]
  const as = STAND_INS[target] ? ` as ${STAND_INS[target]}` : ''
  return `for tests alone${as}: Debian's Rust, std from source, ${linker}`
}

/**
 * @param {string} target
 * @param {import('node:child_process').StdioOptions} [stdio] of cargo
 * @returns {Promise<string | undefined>} the file; `undefined` where it is checked and not linked
 */
export async function buildForTests(target, stdio = 'inherit') {
  const { program, subcommand, triple, env, parameters } = await cargoForTests(target)
  const command = [subcommand, '--locked', '--lib', ...parameters]
  const { status } = spawnSync(program, command, { cwd: ROOT, env, stdio })
  if (status !== 0) throw new Error(`${program} ${command.join(' ')} failed`)
  if (subcommand === 'check') return undefined

  const file = testBuildOf(target)
  mkdirSync(kept('builds'), { recursive: true })
  const { platform } = platformOf(target)
  copyFileSync(kept('compiled', triple, triple, PROFILE, LIBRARIES[platform]), file)
  markTestBuild(file)
  return file
}

/** How cargo is called for a target, behind the subcommand. @param {string} target */
export async function cargoForTests(target) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`rustup has no standard library for ${target} here, and test builds are made on Debian 12, x64`)
  }
  await installAll(buildNeeds(target))
  const { platform, arch } = platformOf(target)
  const triple = STAND_INS[target] ?? target
  const links = !(platform === 'win32' && arch === 'arm64')
  const {
    program,
    subcommand,
    target: linked,
    variables,
  } = platform === 'win32' ? forWindows(triple, links) : zig(triple)
  if (platform === 'darwin') Object.assign(variables, { SDKROOT: createSdk() })

  const env = {
    ...process.env,
    // One for each target: two of them may be built at a time.
    CARGO_TARGET_DIR: kept('compiled', triple),
    ...rust.variables,
    ...variables,
    PATH: `${rust.path}${delimiter}${variables.PATH}`,
  }
  const parameters = ['--profile', PROFILE, '--features', 'test-hooks', '--target', linked, ...rust.parameters]
  return { program, subcommand, triple, env, parameters }
}

/** @param {string} triple @param {boolean} links */
function forWindows(triple, links) {
  if (!links) {
    const how = zig(triple)
    // napi-build looks for libnode.dll for this interface, too, and links nothing here.
    /** @type {Record<string, string>} */
    const variables = { ...how.variables, ...mingw.variables }
    return { ...how, subcommand: 'check', variables }
  }
  const PATH = `${mingw.path}${delimiter}${process.env.PATH}`
  return { program: 'cargo', subcommand: 'build', target: triple, variables: { ...mingw.variables, PATH } }
}
