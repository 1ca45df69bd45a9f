// session-ingress itself, as a host loads it.

import { ORGANIZATION, TOKEN } from './protocol.mjs'

/** @type {import('./index.mjs').Load} */
export async function load(base) {
  const { appendSessionLog, configure, getSessionLogs, getTeleportEvents } = await import('session-ingress')
  configure({
    getSessionIngressAuthToken: () => TOKEN,
    getOauthConfig: () => ({ BASE_API_URL: base }),
  })
  return {
    append: appendSessionLog,
    readLog: getSessionLogs,
    readEvents: (sessionId) => getTeleportEvents(sessionId, TOKEN, ORGANIZATION),
  }
}
