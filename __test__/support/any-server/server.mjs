// A server that does anything at all: each response is a script.

import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { cut } from '../bodies.mjs'
import { bytes, ORIGIN, OTHER_ORIGIN, OWN_UUID } from './forms.mjs'

/**
 * @typedef {import('node:net').Socket} Socket
 * @typedef {import('./scripts.mjs').Script} Script
 */

/** @param {Script} script @param {{ uuid: string, port: number, otherPort: number }} known */
function filled({ head, body }, { uuid, port, otherPort }) {
  const fill = (/** @type {Buffer} */ part) =>
    bytes(
      part
        .toString('latin1')
        .replaceAll(OWN_UUID, uuid)
        .replaceAll(ORIGIN.slice(-6), `:${port}`)
        .replaceAll(OTHER_ORIGIN.slice(-6), `:${otherPort}`),
    )
  // What is compressed has nothing to be filled in.
  return [fill(head), body.length > 200_000 ? body : fill(body)]
}

/**
 * Starts such a server for the time of a test. `paths` are its scripts: a request to `/3` meets those of 3, whatever
 * follows; each other request those of 0.
 *
 * @param {import('node:test').TestContext} t
 * @param {() => number} otherPort of another origin
 */
export async function startAnyServer(t, otherPort) {
  /** @type {Set<Socket>} */
  const sockets = new Set()
  const state = {
    paths: /** @type {Script[][]} */ ([]),
    uuids: /** @type {string[]} */ ([]),
    counts: /** @type {number[]} */ ([]),
    requests: 0,
  }
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('end', () => socket.end())
    converse(socket, state, () => ({ port: portOf(server), otherPort: otherPort() })).catch(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const closeAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  t.after(() => {
    closeAll()
    server.close()
  })
  return { port: portOf(server), state, closeAll }
}

/** @param {import('node:net').Server} server */
const portOf = (server) => /** @type {import('node:net').AddressInfo} */ (server.address()).port

/** @param {Socket} socket @param {any} state @param {() => { port: number, otherPort: number }} ports */
async function converse(socket, state, ports) {
  const input = readRequests(socket)
  for (;;) {
    const next = await input.head()
    if (next === undefined) return
    state.requests += 1
    const index = Number(next.match(/^\S+ \/(?:v1\/(?:session_ingress\/session|code\/sessions)\/)?(\d+)/)?.[1] ?? 0)
    const scripts = state.paths[index] ?? state.paths[0]
    const count = state.counts[index] ?? 0
    state.counts[index] = count + 1
    const script = scripts?.[Math.min(count, scripts.length - 1)]
    if (script === undefined) return socket.destroy()
    if (script.read === 'before') await input.body()
    if (script.read === 'never') socket.pause()
    const parts = filled(script, { uuid: state.uuids[index] ?? '', ...ports() })
    await send(socket, script, parts)
    if (script.end !== 'keep' || script.read === 'never' || script.endless) return
    if (script.read === 'after') await input.body()
  }
}

/** @param {Socket} socket @param {Script} script @param {Buffer[]} parts */
async function send(socket, { sizes, endless, end }, parts) {
  for (const part of parts) for (const piece of cut(part, sizes)) await write(socket, piece)
  while (endless) {
    await write(socket, endless.chunk)
    if (endless.pause > 0) await sleep(endless.pause)
  }
  if (end === 'end') socket.end()
  if (end === 'reset') socket.resetAndDestroy()
}

/** Writes, and waits until it has gone. @param {Socket} socket @param {Buffer} piece */
function write(socket, piece) {
  return new Promise((resolve, reject) => {
    socket.write(piece, (error) => (error ? reject(error) : setImmediate(resolve)))
  })
}

/** The requests of a connection. @param {Socket} socket */
function readRequests(socket) {
  let buffer = Buffer.alloc(0)
  let ended = false
  let wake = () => {}
  const end = () => {
    ended = true
    wake()
  }
  socket.on('data', (chunk) => {
    buffer = Buffer.concat([buffer, chunk])
    wake()
  })
  socket.on('end', end).on('close', end)
  const more = () => new Promise((resolve) => (wake = () => resolve(undefined)))
  let length = 0
  return {
    /** The next head; `undefined` where none comes. */
    async head() {
      for (;;) {
        const at = buffer.indexOf('\r\n\r\n')
        if (at >= 0) {
          const head = buffer.toString('latin1', 0, at)
          buffer = buffer.subarray(at + 4)
          length = Number(head.match(/\ncontent-length: *(\d+)/i)?.[1] ?? 0)
          return head
        }
        if (ended) return undefined
        await more()
      }
    },
    /** Reads the body that follows. */
    async body() {
      while (buffer.length < length && !ended) await more()
      buffer = buffer.subarray(length)
    },
  }
}
