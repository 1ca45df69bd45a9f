// haproxy, in front of a service.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findPort } from '../../../tools/shared/ports.mjs'
import { createOpenFolder, startProgram } from './program.mjs'

/**
 * @param {import('./program.mjs').Context} t
 * @param {object} options
 * @param {string} options.upstream the URL where requests go
 * @param {string} [options.bind] behind the address: `ssl crt …`
 * @param {string[]} [options.defaults] more lines, of time limits
 */
export async function startHaproxy(t, { upstream, bind = '', defaults = [] }) {
  const dir = createOpenFolder(t)
  const port = await findPort()
  const config = join(dir, 'haproxy.cfg')
  await writeFile(config, configuration(`127.0.0.1:${port} ${bind}`, new URL(upstream).host, defaults))
  const program = await startProgram(t, 'haproxy', ['-db', '-f', config], { dir, port })
  return { ...program, port, url: `${bind.includes('ssl') ? 'https' : 'http'}://127.0.0.1:${port}` }
}

/** @param {string} bind @param {string} upstream @param {string[]} defaults */
const configuration = (bind, upstream, defaults) => `
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  ${defaults.join('\n  ')}
frontend front
  bind ${bind}
  default_backend back
backend back
  server service ${upstream}
`
