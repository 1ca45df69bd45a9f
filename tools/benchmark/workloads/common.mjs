// What workloads share.

import { findPeer } from '../../shared/peers/index.mjs'

/** @param {string} name @param {import('./index.mjs').Context} context */
export async function loadPeer(name, { url }) {
  const load = await findPeer(name)
  return load(url)
}

/** The same work against the server's port for TLS. @param {import('./index.mjs').Context} context */
export const overTls = (context) => ({ ...context, url: context.tlsUrl })

/** @param {import('./index.mjs').Context} context @param {string | number} session */
export const appendUrl = ({ url }, session) => `${url}/append/session-${session}`

/** Where the server reads what does not come in one piece. @param {import('./index.mjs').Context} context */
export const largeAppendUrl = ({ url }) => `${url}/append-large/session-0`

/** @param {import('./index.mjs').Context} context @param {number} entries */
export const logUrl = ({ url }, entries) => `${url}/logs/${entries}.json`

/** Makes the client that is built lazily, and a connection: what a process pays once is not what is compared. */
export async function warmUp(peer, context) {
  checkAppended([await peer.append('warm-up', { uuid: 'warm-up' }, appendUrl(context, 'warm-up'))])
}

/** A number that was measured on something that went wrong is none. @param {boolean[]} results */
export function checkAppended(results) {
  if (!results.every((appended) => appended === true)) throw new Error('an append failed')
}

/** @param {{ uuid?: string }[] | null} entries @param {number} count */
export function checkRead(entries, count) {
  if (entries?.length !== count) throw new Error(`read ${entries?.length} entries instead of ${count}`)
  if (!entries.every(({ uuid }) => typeof uuid === 'string')) throw new Error('an entry has no uuid')
}
