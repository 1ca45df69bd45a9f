// httpbin under gunicorn: a server that knows nothing of the protocol.

import { gunicorn } from '../../../tools/scripts/network-servers.mjs'
import { findPort } from '../../../tools/shared/ports.mjs'
import { createOpenFolder, startProgram } from './program.mjs'

/** @param {import('./program.mjs').Context} t */
export async function startHttpbin(t) {
  const dir = createOpenFolder(t)
  const port = await findPort()
  const bind = ['--bind', `127.0.0.1:${port}`]
  const threads = ['--worker-class', 'gthread', '--threads', '16', '--graceful-timeout', '0']
  await startProgram(t, gunicorn, [...bind, ...threads, 'httpbin:app'], { dir, port })
  return { url: `http://127.0.0.1:${port}` }
}
