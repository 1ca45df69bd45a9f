// Where it was measured.

import { readFileSync } from 'node:fs'
import { arch, cpus, totalmem, type } from 'node:os'

export function describeMachine() {
  const cores = cpus()
  return {
    machine: `${cores[0]?.model ?? 'unknown'}, ${cores.length} cores, ${Math.round(totalmem() / 1024 ** 3)} GB`,
    system: `${type()} ${arch()}`,
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    axios: versionOf('axios'),
    undici: versionOf('undici'),
    addon: JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version,
  }
}

function versionOf(name) {
  const path = new URL(`../../../node_modules/${name}/package.json`, import.meta.url)
  return JSON.parse(readFileSync(path, 'utf8')).version
}
