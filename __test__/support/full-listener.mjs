// A listener that lets nobody in: its queue is full, and its process asleep.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const LISTENER = fileURLToPath(new URL('../fixtures/full-listener.cjs', import.meta.url))

/**
 * Starts one for the time of a test; connecting to its port hangs.
 *
 * @param {import('node:test').TestContext} t
 */
export async function listenFull(t) {
  const child = spawn(process.execPath, [LISTENER], { stdio: ['ignore', 'pipe', 'inherit'] })
  /** @type {import('node:net').Socket[]} */
  const sockets = []
  t.after(() => {
    child.kill('SIGKILL')
    for (const socket of sockets) socket.destroy()
  })
  const [port] = (await once(createInterface(child.stdout), 'line')).map(Number)
  child.kill('SIGSTOP')
  // How many fit is the system's to say: the first that waits is one too many.
  for (;;) {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    sockets.push(socket)
    await Promise.race([once(socket, 'connect'), sleep(200)])
    // What came while this process had to wait for its turn is seen first.
    await new Promise(setImmediate)
    if (socket.connecting) return port
  }
}
