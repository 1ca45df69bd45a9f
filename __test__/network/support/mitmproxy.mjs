// mitmproxy, a proxy that looks into what is encrypted.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findPort } from '../../../tools/shared/ports.mjs'
import { createOpenFolder, startProgram } from './program.mjs'

/**
 * @param {import('./program.mjs').Context} t
 * @param {{ trusts?: string, addon?: string, options?: string[] }} [options] the authority that it trusts; an addon's
 *   source, in Python; more parameters
 */
export async function startMitmproxy(t, { trusts, addon, options = [] } = {}) {
  const dir = createOpenFolder(t)
  const port = await findPort()
  const parameters = ['--listen-host', '127.0.0.1', '--listen-port', String(port), '--set', `confdir=${dir}`, '--quiet']
  if (trusts !== undefined) parameters.push('--set', `ssl_verify_upstream_trusted_ca=${trusts}`)
  if (addon !== undefined) {
    await writeFile(join(dir, 'addon.py'), addon)
    parameters.push('--scripts', join(dir, 'addon.py'))
  }
  const program = await startProgram(t, 'mitmdump', [...parameters, ...options], { dir, port })
  return {
    ...program,
    dir,
    url: `http://127.0.0.1:${port}`,
    /** The authority that it made for itself. */
    authority: join(dir, 'mitmproxy-ca-cert.pem'),
  }
}
