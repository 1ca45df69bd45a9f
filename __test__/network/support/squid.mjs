// squid, a proxy.

import { spawnSync } from 'node:child_process'
import { chmod, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findPort } from '../../../tools/shared/ports.mjs'
import { createOpenFolder, readLines, startProgram } from './program.mjs'

/**
 * @param {import('./program.mjs').Context} t
 * @param {{ users?: Record<string, string>, deny?: string }} [options] the passwords of those who may use it, else
 *   everybody may; whom it denies what
 */
export async function startSquid(t, { users, deny } = {}) {
  const dir = createOpenFolder(t)
  const port = await findPort()
  if (users !== undefined) await writePasswords(join(dir, 'passwords'), users)
  const config = join(dir, 'squid.conf')
  await writeFile(config, configuration(dir, port, users !== undefined, deny))
  // By a name of its own: squids of one name share memory by that name, and one that starts takes it from another.
  const name = `test${port}`
  t.after(() => removeSharedMemory(name))
  const program = await startProgram(t, 'squid', ['-N', '-n', name, '-f', config], { dir, port, endBy: 'SIGKILL' })
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    /** What was requested of it. */
    async stopAndReadLog() {
      await program.stop()
      return (await readLines(join(dir, 'access.log'))).map((line) => {
        const [, , , , , method, url] = line.split(/ +/)
        return { method, url }
      })
    },
  }
}

/** What one that is killed leaves behind. @param {string} name */
async function removeSharedMemory(name) {
  const segments = ['metadata', 'queues', 'readers']
  await Promise.all(segments.map((segment) => rm(`/dev/shm/${name}-cf__${segment}.shm`, { force: true })))
}

/** @param {string} path @param {Record<string, string>} users */
async function writePasswords(path, users) {
  const lines = Object.entries(users).map(([user, password]) => {
    const { stdout } = spawnSync('openssl', ['passwd', '-apr1', '-stdin'], { input: `${password}\n`, encoding: 'utf8' })
    return `${user}:${stdout.trim()}\n`
  })
  await writeFile(path, lines.join(''))
  await chmod(path, 0o644)
}

/** @param {string} dir @param {number} port @param {boolean} asks @param {string} [deny] */
const configuration = (dir, port, asks, deny) => `
http_port 127.0.0.1:${port}
pid_filename ${dir}/squid.pid
access_log stdio:${dir}/access.log squid
cache_log ${dir}/cache.log
coredump_dir ${dir}
visible_hostname localhost
netdb_filename none
pinger_enable off
cache deny all
shutdown_lifetime 0 seconds
${deny === undefined ? '' : `http_access deny ${deny}`}
${asks ? authentication(dir) : 'http_access allow all'}
`

/** @param {string} dir */
const authentication = (dir) => `
auth_param basic program /usr/lib/squid/basic_ncsa_auth ${dir}/passwords
auth_param basic children 2
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all`
