// Ports of the loopback interface, for programs that have to be told theirs.

import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Below the ports that connections get: none of them can take it before the program does. */
const PORTS = { from: 20_000, to: 32_000 }

/** A port on which nobody listens. @returns {Promise<number>} */
export async function findPort() {
  const port = PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from))
  const probe = createServer()
  const isFree = await new Promise((resolve) => {
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => resolve(true))
  })
  if (!isFree) return findPort()
  await new Promise((resolve) => probe.close(resolve))
  return port
}

/**
 * Waits until somebody takes connections, or until nobody will any more: the program has ended.
 *
 * @param {number} port
 * @param {AbortSignal} [ended]
 */
export async function listening(port, ended) {
  while (!ended?.aborted) {
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
