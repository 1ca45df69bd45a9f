// The clients that are compared: all do the same work behind the same few functions.

/**
 * @typedef {object} Peer
 * @property {(sessionId: string, entry: { uuid: string }, url: string) => Promise<boolean>} append
 * @property {(sessionId: string, url: string) => Promise<object[] | null>} readLog
 * @property {(sessionId: string) => Promise<object[] | null>} readEvents
 *
 * @typedef {(base: string) => Promise<Peer>} Load loads the client's modules too: nothing is imported before
 */

export const PEERS = ['axios', 'undici', 'addon']

/** @param {string} name @returns {Promise<Load>} */
export async function findPeer(name) {
  const { load } = await import(`./${name}.mjs`)
  return load
}
