// What a careful host would write by hand: undici's pool of kept connections, JSON.stringify at the call.

import { createAppend, loglines, ORGANIZATION, readPages, TOKEN } from './protocol.mjs'

const CONNECTIONS = 128
const FETCH_MS = 20_000

/** @type {import('./index.mjs').Load} */
export async function load(base) {
  const { Agent } = await import('undici')
  const agent = new Agent({
    connections: CONNECTIONS,
    pipelining: 1,
    keepAliveTimeout: 60_000,
    headersTimeout: FETCH_MS,
    bodyTimeout: FETCH_MS,
  })
  const oauth = {
    authorization: `Bearer ${TOKEN}`,
    'content-type': 'application/json',
    'anthropic-version': '2023-06-01',
    'x-organization-uuid': ORGANIZATION,
  }

  /** @param {string} url @param {Record<string, string>} headers */
  const get = async (url, headers) => {
    const { origin, pathname, search } = new URL(url)
    const response = await agent.request({ origin, path: pathname + search, method: 'GET', headers })
    if (response.statusCode === 200) return { status: 200, data: await response.body.json() }
    await response.body.dump()
    return { status: response.statusCode, data: undefined }
  }

  return {
    append: createAppend({
      prepare: JSON.stringify,
      put: async (url, body, headers) => {
        const { origin, pathname, search } = new URL(url)
        const response = await agent.request({ origin, path: pathname + search, method: 'PUT', headers, body })
        await response.body.dump()
        const lastUuid = response.headers['x-last-uuid']
        return { status: response.statusCode, lastUuid: typeof lastUuid === 'string' ? lastUuid : undefined }
      },
    }),
    readLog: async (_sessionId, url) => loglines(await get(url, { authorization: `Bearer ${TOKEN}` })),
    readEvents: (sessionId) => {
      const url = `${base}/v1/code/sessions/${sessionId}/teleport-events`
      return readPages((query) => get(`${url}?${new URLSearchParams(query)}`, oauth))
    },
  }
}
