// nginx on the loopback interface, in a process of its own: Node's http server would be the bottleneck.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const TEMPLATE = new URL('nginx.conf', import.meta.url)

/** @returns {string | undefined} which nginx there is, undefined where there is none */
export function findServer() {
  const { stderr, status } = spawnSync('nginx', ['-v'], { encoding: 'utf8' })
  return status === 0 ? stderr.trim().replace(/^nginx version: /, '') : undefined
}

/**
 * Serves what data.mjs wrote into a folder.
 *
 * @param {string} dir
 * @returns {Promise<{ url: string, pid: number, close: () => Promise<void> }>}
 */
export async function startServer(dir) {
  const port = await findFreePort()
  const template = await readFile(TEMPLATE, 'utf8')
  const config = join(dir, 'nginx.conf')
  await writeFile(config, template.replace('{{port}}', String(port)).replace('{{root}}', dir))
  const server = spawn('nginx', ['-p', dir, '-c', config, '-g', 'daemon off;'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = once(server, 'exit')
  await Promise.race([
    listening(port),
    exited.then(([code]) => {
      throw new Error(`nginx ended with ${code}`)
    }),
  ])
  return {
    url: `http://127.0.0.1:${port}`,
    pid: /** @type {number} */ (server.pid),
    close: async () => {
      server.kill()
      await exited
    },
  }
}

/** Another process could take it before nginx does; then nginx ends and says so. */
async function findFreePort() {
  const probe = createServer()
  await new Promise((resolve) => probe.listen(0, '127.0.0.1', () => resolve(undefined)))
  const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address())
  await new Promise((resolve) => probe.close(resolve))
  return port
}

async function listening(port) {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const stands = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    socket.destroy()
    if (stands) return
    await sleep(20)
  }
}
