// 3,000 appends, each called when the one before has settled: what one round trip costs.

import { once } from 'node:events'
import { connect } from 'node:net'
import { makeFlatEntries } from '../../shared/entries.mjs'
import { PEERS } from '../../shared/peers/index.mjs'
import { TOKEN } from '../../shared/peers/protocol.mjs'
import { measure } from '../measure.mjs'
import { appendUrl, checkAppended, loadPeer, warmUp } from './common.mjs'

const APPENDS = 3000

export const variants = [...PEERS, 'bare']

/** @type {import('./index.mjs').Workload['run']} */
export async function run(variant, context) {
  const entries = makeFlatEntries(APPENDS)
  const append = variant === 'bare' ? await connectBare(context) : await findAppend(variant, context)
  const { result, wall, active, cpu, total } = await measure(async () => {
    const results = []
    for (const entry of entries) results.push(await append(entry))
    return results
  }, context)
  checkAppended(result)
  return {
    wall,
    active: (active * 1000) / APPENDS,
    cpu: (cpu * 1000) / APPENDS,
    total: (total * 1000) / APPENDS,
  }
}

async function findAppend(variant, context) {
  const peer = await loadPeer(variant, context)
  await warmUp(peer, context)
  const url = appendUrl(context, 0)
  return (entry) => peer.append('session-0', entry, url)
}

/** The floor: no client at all, only a socket that stays open, and a response that is not even parsed. */
async function connectBare({ url }) {
  const { host, hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.setNoDelay(true).unref()
  await once(socket, 'connect')
  let respond = (_response) => {}
  socket.on('data', (response) => respond(response))
  return (entry) =>
    new Promise((resolve) => {
      const body = JSON.stringify(entry)
      respond = (response) => resolve(response.latin1Slice(0, 12) === 'HTTP/1.1 201')
      socket
        .ref()
        .write(
          `PUT /append/session-0 HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${TOKEN}\r\n` +
            `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
        )
    })
}
