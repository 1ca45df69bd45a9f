// tinyproxy, a proxy.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createOpenFolder, findPort, readLines, startProgram } from './program.mjs'

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
  await startProgram(t, 'tinyproxy', ['-d', '-c', config], { dir, port })
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    /** The lines of requests so far, written before they are served: `CONNECT localhost:443 HTTP/1.1`. */
    async readLog() {
      const lines = await readLines(log)
      return lines.flatMap((line) => /Request \(file descriptor \d+\): (.*)$/.exec(line)?.[1] ?? [])
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
