// Servers that go away and come back, and what stands in a folder of an outbox.

import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { reset, startIngressServer } from 'session-ingress/testing'
import { addon } from './addon.mjs'
import { removeFolder } from './package.mjs'

/** A port at which nobody listens, for a server that comes later. */
export async function findFreePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  server.close()
  await once(server, 'close')
  return port
}

/**
 * A folder for an outbox, and a server that is started and stopped at will.
 *
 * @param {import('node:test').TestContext} t
 */
export async function createOutage(t) {
  const folder = mkdtempSync(join(tmpdir(), 'session-ingress-test-'))
  const [dir, logs, port] = [join(folder, 'outbox'), join(folder, 'logs'), await findFreePort()]
  /** @type {import('session-ingress/testing').IngressServer | undefined} */
  let server
  t.after(async () => {
    await server?.close()
    await addon.discardOutboxSession()
    reset()
    await removeFolder(folder)
  })
  return {
    dir,
    logUrl: (/** @type {string} */ session) => `http://127.0.0.1:${port}/v1/session_ingress/session/${session}`,
    async start() {
      server = await startIngressServer({ dir: logs, port })
      return server
    },
    async stop() {
      await server?.close()
      server = undefined
    },
    /** The uuids in the log of a session. @param {string} [session] */
    stored: (session = 's') => server?.log(session).map(({ uuid }) => uuid),
  }
}

/** The files under a folder, with their texts; none where there is no such folder. @param {string} dir */
export function readFolder(dir) {
  try {
    const entries = readdirSync(dir, { withFileTypes: true, recursive: true })
    const files = entries.filter((entry) => entry.isFile())
    return files.map((file) => {
      const path = join(/** @type {any} */ (file).parentPath ?? file.path, file.name)
      return { path, text: readFileSync(path, 'latin1') }
    })
  } catch {
    return []
  }
}

/** Waits until something holds, which has to happen soon. @param {() => unknown} holds */
export async function until(holds) {
  for (const end = Date.now() + 60_000; !(await holds()); ) {
    if (Date.now() > end) throw new Error('It did not happen')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
