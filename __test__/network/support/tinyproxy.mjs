// tinyproxy, a proxy.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findPort } from '../../../tools/shared/ports.mjs'
import { createOpenFolder, readLines, startProgram } from './program.mjs'

/**
 * @param {import('./program.mjs').Context} t
 * @param {{ user?: string, password?: string }} [options] whom it asks for
 */
export async function startTinyproxy(t, { user, password } = {}) {
  const dir = createOpenFolder(t)
  const port = await findPort()
  const log = join(dir, 'tinyproxy.log')
  const config = join(dir, 'tinyproxy.conf')
  await writeFile(config, configuration(port, log, user === undefined ? '' : `BasicAuth ${user} ${password}`))
  const program = await startProgram(t, 'tinyproxy', ['-d', '-c', config], { dir, port })
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    /** What was requested of it. */
    async stopAndReadLog() {
      await program.stop()
      return (await readLines(log)).flatMap((line) => {
        const [, method, url] = /Request \(file descriptor \d+\): (\S+) (\S+)/.exec(line) ?? []
        return method === undefined ? [] : { method, url }
      })
    },
  }
}

/** @param {number} port @param {string} log @param {string} authentication */
const configuration = (port, log, authentication) => `
Port ${port}
Listen 127.0.0.1
Allow 127.0.0.1
Timeout 600
MaxClients 300
LogFile "${log}"
LogLevel Connect
${authentication}
`
