// The targets of package.json, and the name of the file that each becomes, `linux-x64-gnu` in
// `session-ingress.linux-x64-gnu.node`.

import { readFileSync } from 'node:fs'

const { napi } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

/** @type {string[]} */
export const targets = napi.targets

const CPUS = /** @type {Record<string, string>} */ ({ x86_64: 'x64', aarch64: 'arm64' })
const SYSTEMS = /** @type {Record<string, string>} */ ({ windows: 'win32' })

/** The parts of a platform's name, as Node and npm have them. @param {string} target a triple */
export function platformOf(target) {
  const [cpu, , system, abi] = target.split('-')
  return { platform: SYSTEMS[system] ?? system, arch: CPUS[cpu], abi }
}

/** @param {string} target a triple */
export function platformName(target) {
  const { platform, arch, abi } = platformOf(target)
  return [platform, arch, abi].filter(Boolean).join('-')
}

/** @param {string} target a triple */
export const fileName = (target) => `${napi.binaryName}.${platformName(target)}.node`
