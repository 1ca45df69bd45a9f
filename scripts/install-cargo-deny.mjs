// Installs what checks the crates into target/tools, once: cargo-deny, from its sources.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const VERSION = '0.20.2'

const tools = fileURLToPath(new URL('../target/tools', import.meta.url))
if (!existsSync(`${tools}/bin/cargo-deny`) && !existsSync(`${tools}/bin/cargo-deny.exe`)) {
  console.log('Building cargo-deny (a few minutes, once) …')
  const parameters = ['install', 'cargo-deny', '--version', VERSION, '--locked', '--quiet', '--root', tools]
  const { status } = spawnSync('cargo', parameters, { stdio: 'inherit' })
  process.exitCode = status ?? 1
}
