// The old module's way: axios serialises and parses whole bodies on the JavaScript thread.

import { createAppend, loglines, ORGANIZATION, readPages, TOKEN } from './protocol.mjs'

const FETCH_MS = 20_000
const validateStatus = (/** @type {number} */ status) => status < 500

/**
 * @param {string} base
 * @param {{ token?: string, retry?: { baseDelayMs: number, maxDelayMs: number } }} [appends] what differs
 * @returns {Promise<import('./index.mjs').Peer>}
 */
export async function load(base, appends = {}) {
  const { default: axios } = await import('axios')
  const oauth = {
    Authorization: `Bearer ${TOKEN}`,
    'Content-Type': 'application/json',
    'anthropic-version': '2023-06-01',
    'x-organization-uuid': ORGANIZATION,
  }
  return {
    append: createAppend({
      ...appends,
      prepare: (entry) => entry,
      put: async (url, entry, headers) => {
        const { status, headers: responded } = await axios.put(url, entry, { headers, validateStatus })
        return { status, lastUuid: responded['x-last-uuid'] }
      },
    }),
    readLog: async (_sessionId, url) => {
      const headers = { Authorization: `Bearer ${TOKEN}` }
      return loglines(await axios.get(url, { headers, timeout: FETCH_MS, validateStatus }))
    },
    readEvents: (sessionId) => {
      const url = `${base}/v1/code/sessions/${sessionId}/teleport-events`
      return readPages((params) => axios.get(url, { headers: oauth, params, timeout: FETCH_MS, validateStatus }))
    },
  }
}
