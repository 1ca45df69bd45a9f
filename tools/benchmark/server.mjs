// The server of the benchmark, on the loopback interface in a process of its own: nginx where it is installed,
// else one in Rust (tools/benchmark/server.rs). Node's own http server would be the bottleneck.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createAuthority } from '../shared/certificates.mjs'
import { findPort, listening } from '../shared/ports.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const NGINX_CONFIG = new URL('nginx.conf', import.meta.url)
const EXAMPLE = 'benchmark_server'

/**
 * @typedef {object} Server
 * @property {string} url
 * @property {string} [tlsUrl] where it listens with TLS; its authority is `ca.pem` in the folder
 * @property {number} pid
 * @property {() => Promise<void>} close
 *
 * @typedef {object} Kind
 * @property {string} name and its version
 * @property {(dir: string) => Promise<Server>} start serves what data.mjs wrote into a folder
 */

/**
 * The server that there is; builds one where nginx is missing, or not wanted.
 *
 * @param {'nginx' | 'rust'} wanted
 * @returns {Kind}
 */
export function findServer(wanted) {
  const { stderr, status } = spawnSync('nginx', ['-v'], { encoding: 'utf8' })
  if (wanted === 'nginx' && status === 0)
    return { name: stderr.trim().replace(/^nginx version: /, ''), start: startNginx }
  const built = spawnSync('cargo', ['build', '--release', '--quiet', '--example', EXAMPLE], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (built.status !== 0) throw new Error('the server could not be built')
  return { name: 'tools/benchmark/server.rs', start: startExample }
}

/** @type {Kind['start']} */
async function startExample(dir) {
  const server = spawn(join(ROOT, 'target', 'release', 'examples', EXAMPLE), [dir], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(server, 'exit')
  const [url] = await Promise.race([once(createInterface(server.stdout), 'line'), failed(exited)])
  return serving(server, exited, url)
}

/** @type {Kind['start']} */
async function startNginx(dir) {
  const [port, tlsPort] = [await findPort(), await findPort()]
  const authority = createAuthority()
  const { cert, pem } = authority.issue()
  const files = { 'ca.pem': authority.cert, 'cert.pem': cert, 'key.pem': pem }
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text)
  const values = { port, tlsPort, root: dir }
  const template = await readFile(NGINX_CONFIG, 'utf8')
  const config = join(dir, 'nginx.conf')
  await writeFile(
    config,
    template.replace(/\{\{(\w+)\}\}/g, (_, name) => String(values[/** @type {keyof typeof values} */ (name)])),
  )
  const server = spawn('nginx', ['-p', dir, '-c', config, '-g', 'daemon off;'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = once(server, 'exit')
  await Promise.race([Promise.all([listening(port), listening(tlsPort)]), failed(exited)])
  const urls = { url: `http://127.0.0.1:${port}`, tlsUrl: `https://127.0.0.1:${tlsPort}` }
  return { ...serving(server, exited, urls.url), ...urls }
}

async function failed(exited) {
  const [code] = await exited
  throw new Error(`the server ended with ${code}`)
}

/** @returns {Server} */
function serving(server, exited, url) {
  return {
    url,
    pid: server.pid,
    close: async () => {
      server.kill()
      await exited
    },
  }
}
