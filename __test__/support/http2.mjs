// Servers over TLS that speak HTTP/2, and HTTP/1.1 where asked to.

import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createAuthority } from './certificates.mjs'

const authority = createAuthority()
const { cert, pem } = authority.issue()

/** Who has issued what these servers show. */
export const authorityCert = authority.cert
/** What they show. */
export const certificate = { cert, key: pem }

/** Lets this process trust the servers below. To be called before its first request. */
export function trustServers() {
  const dir = mkdtempSync(join(tmpdir(), 'session-ingress-test-'))
  process.on('exit', () => rmSync(dir, { recursive: true }))
  process.env.NODE_EXTRA_CA_CERTS = join(dir, 'ca.pem')
  writeFileSync(process.env.NODE_EXTRA_CA_CERTS, authorityCert)
}

/**
 * @typedef {{ method: string, path: string, headers: import('node:http2').IncomingHttpHeaders, body: string, stream: import('node:http2').ServerHttp2Stream, session: import('node:http2').ServerHttp2Session, connection: number }} Recorded
 * @typedef {{ status?: number, headers?: Record<string, string>, body?: object | string } | undefined} Answer
 */

/**
 * Starts a server on a free port for the time of a test.
 *
 * @param {import('node:test').TestContext} t
 * @param {(request: Recorded, index: number) => Answer | Promise<Answer>} handler called when the body is there;
 *   what it returns is sent, unless that is undefined
 * @param {{ early?: (stream: import('node:http2').ServerHttp2Stream, index: number) => boolean | void, onHttp1?: (request: import('node:http2').Http2ServerRequest, response: import('node:http2').Http2ServerResponse) => void }} [options]
 *   `early` is called for each stream when its headers are there; `true` means that it has dealt with it;
 *   `onHttp1` for each request that does not come by HTTP/2
 */
export async function serveHttp2(t, handler, { early, onHttp1 } = {}) {
  /** @type {Recorded[]} */
  const requests = []
  /** @type {import('node:http2').ServerHttp2Session[]} */
  const sessions = []
  let streams = 0
  const server = createSecureServer({ ...certificate, allowHTTP1: true })
  server.on('session', (session) => {
    sessions.push(session)
    session.on('error', () => {})
  })
  server.on('stream', async (stream, headers) => {
    stream.on('error', () => {})
    if (early?.(stream, streams++)) return
    const session = /** @type {import('node:http2').ServerHttp2Session} */ (stream.session)
    try {
      const request = {
        method: String(headers[':method']),
        path: String(headers[':path']),
        headers,
        body: await text(stream),
        stream,
        session,
        connection: sessions.indexOf(session),
      }
      const answer = await handler(request, requests.push(request) - 1)
      if (answer === undefined || stream.destroyed) return
      const { status = 200, headers: more, body = '' } = answer
      stream.respond({ ':status': status, ...more })
      stream.end(typeof body === 'string' ? body : JSON.stringify(body))
    } catch {
      // The stream was reset meanwhile.
    }
  })
  server.on('request', (request, response) => {
    if (request.httpVersionMajor === 1) onHttp1?.(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  return { port, url: `https://127.0.0.1:${port}`, requests, sessions, server }
}
