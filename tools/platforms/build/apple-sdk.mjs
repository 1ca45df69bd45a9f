// What stands in for Apple's SDK, which cannot be had here: stubs of the two frameworks that the crates link, with the
// names that they declare, and zig's own stub of libSystem. It says that the crates compile and link; the result cannot
// run, for nothing has checked these names against a Mac.

import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { kept, ROOT } from '../folders.mjs'
import { findZig } from '../install/python.mjs'
import { run } from '../run-program.mjs'

/** The crates that declare what each framework has. @type {Record<string, string>} */
const FRAMEWORKS = { Security: 'security-framework-sys', CoreFoundation: 'core-foundation-sys' }

/** Makes the stubs; returns the folder for SDKROOT. */
export function createSdk() {
  const sdk = kept('apple-sdk')
  const metadata = ['metadata', '--format-version', '1', '--filter-platform', 'aarch64-apple-darwin']
  const { packages } = JSON.parse(run('cargo', metadata, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] }))
  for (const [name, crate] of Object.entries(FRAMEWORKS)) {
    const { manifest_path } = packages.find((/** @type {{ name: string }} */ { name }) => name === crate)
    const framework = `/System/Library/Frameworks/${name}.framework`
    mkdirSync(join(sdk, framework), { recursive: true })
    writeFileSync(
      join(sdk, framework, `${name}.tbd`),
      writeStub(`${framework}/Versions/A/${name}`, dirname(manifest_path)),
    )
  }
  mkdirSync(join(sdk, 'usr/lib'), { recursive: true })
  const ofZig = join(dirname(findZig()), 'lib/libc/darwin')
  copyFileSync(join(ofZig, 'libSystem.tbd'), join(sdk, 'usr/lib/libSystem.tbd'))
  copyFileSync(join(ofZig, 'SDKSettings.json'), join(sdk, 'SDKSettings.json'))
  return sdk
}

/** @param {string} path of the library on a Mac @param {string} crate the folder of what declares its names */
function writeStub(path, crate) {
  const sources = readdirSync(join(crate, 'src'), { recursive: true, encoding: 'utf8' })
  const text = sources
    .filter((name) => name.endsWith('.rs'))
    .map((name) => readFileSync(join(crate, 'src', name), 'utf8'))
  const declared = text.join('\n').matchAll(/pub (?:fn|static(?: mut)?) (\w+)/g)
  const names = [...new Set([...declared].map(([, name]) => `_${name}`))]
  const targets = '[ x86_64-macos, arm64-macos ]'
  return `--- !tapi-tbd
tbd-version:     4
targets:         ${targets}
install-name:    '${path}'
exports:
  - targets:         ${targets}
    symbols:         [ ${names.join(', ')} ]
...
`
}
