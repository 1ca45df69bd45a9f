// A session-ingress service for development and tests: the protocol in its smallest true form.
//
//   PUT  /v1/session_ingress/session/{id}    appends an entry; Last-Uuid names the head it continues from
//   GET  /v1/session_ingress/session/{id}    the log: { loglines: [entry, …] }
//   GET  /v1/code/sessions/{id}/teleport-events?limit=…&cursor=…    the log as pages of events
//
// Every request carries `Authorization: Bearer …`. Started from a shell:
//
//   node tools/server/ingress-server.mjs --dir DIR [--port N] [--token TOKEN]

import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { SessionStore } from './session-store.mjs'

const DEFAULT_PAGE = 500
const LARGEST_PAGE = 1000

/**
 * Starts the service on the loopback interface.
 *
 * @param {object} options
 * @param {string} [options.dir] where the logs are kept; what is there already is served
 * @param {Store} [options.store] keeps the logs instead
 * @param {number} [options.port] a free one by default
 * @param {string} [options.token] the only one that is accepted; any by default
 * @param {(handler: Handler) => Handler} [options.around] wraps the handling of requests, for faults
 * @returns {Promise<{ url: string, port: number, close: () => Promise<void> }>}
 *
 * @typedef {Pick<SessionStore, 'entries' | 'head' | 'append' | 'close'>} Store
 * @typedef {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => Promise<void>} Handler
 */
export async function startIngressServer({ dir, store: given, port = 0, token, around = (handler) => handler }) {
  if (given === undefined && dir === undefined) throw new TypeError('a folder or a store is needed')
  const store = given ?? (await SessionStore.open(/** @type {string} */ (dir)))
  const handle = around(createHandler(store, token))
  const server = createServer((request, response) => {
    handle(request, response).catch((error) => respond(response, 500, { error: { message: String(error) } }))
  })
  await new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(undefined))
  })
  const address = /** @type {import('node:net').AddressInfo} */ (server.address())
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await store.close()
    },
  }
}

/** @param {Store} store @param {string} [token] @returns {Handler} */
function createHandler(store, token) {
  const oneAtATime = createQueues()
  return async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    if (!isAuthorized(request, token)) {
      return respond(response, 401, { error: { message: 'Missing or wrong bearer token' } })
    }
    const [, log] = url.pathname.match(/^\/v1\/session_ingress\/session\/([^/]+)$/) ?? []
    if (log !== undefined && request.method === 'PUT') {
      const body = await readBody(request)
      // Between the look at the head and the new entry nobody else may append.
      return oneAtATime(log, () => append(store, decodeURIComponent(log), request, body, response))
    }
    if (log !== undefined && request.method === 'GET') {
      return readLog(store, decodeURIComponent(log), url.searchParams, response)
    }
    const [, events] = url.pathname.match(/^\/v1\/code\/sessions\/([^/]+)\/teleport-events$/) ?? []
    if (events !== undefined && request.method === 'GET') {
      return readEvents(store, decodeURIComponent(events), url.searchParams, response)
    }
    respond(response, 404, { error: { message: 'No such endpoint' } })
  }
}

/**
 * @param {Store} store
 * @param {string} id
 * @param {import('node:http').IncomingMessage} request
 * @param {string} body
 * @param {import('node:http').ServerResponse} response
 */
async function append(store, id, request, body, response) {
  const entry = parseEntry(body)
  if (entry === undefined) {
    return respond(response, 400, { error: { message: 'The body is no JSON object with a uuid' } })
  }
  const head = store.head(id)
  if (decodeHeader(request.headers['last-uuid']) !== head) {
    /** @type {Record<string, string>} */
    const headers = head === undefined ? {} : { 'x-last-uuid': encodeHeader(head) }
    return respond(response, 409, { error: { message: 'Last-Uuid is not the head of the log' } }, headers)
  }
  await store.append(id, body, entry.uuid)
  respond(response, 201, { success: true })
}

/**
 * @param {Store} store
 * @param {string} id
 * @param {URLSearchParams} query
 * @param {import('node:http').ServerResponse} response
 */
function readLog(store, id, query, response) {
  let entries = store.entries(id)
  if (entries.length === 0) return respond(response, 404, { error: { message: 'No such session' } })
  if (query.get('after_last_compact') === 'true') {
    entries = entries.slice(
      Math.max(
        0,
        entries.findLastIndex(({ text }) => isCompaction(JSON.parse(text))),
      ),
    )
  }
  // As text: an entry goes out as it came in.
  respondWithText(response, 200, `{"loglines":[${entries.map(({ text }) => text).join(',')}]}`)
}

/**
 * @param {Store} store
 * @param {string} id
 * @param {URLSearchParams} query
 * @param {import('node:http').ServerResponse} response
 */
function readEvents(store, id, query, response) {
  const entries = store.entries(id)
  if (entries.length === 0) return respond(response, 404, { error: { message: 'No such session' } })
  const limit = Math.min(Number(query.get('limit') ?? DEFAULT_PAGE), LARGEST_PAGE)
  const start = readCursor(query.get('cursor'))
  if (!(limit >= 1) || start === undefined) {
    return respond(response, 400, { error: { message: 'limit or cursor is invalid' } })
  }
  const end = start + Math.floor(limit)
  const events = entries.slice(start, end).map(({ text }) => {
    const { uuid, type = 'unknown', timestamp = null, ...rest } = JSON.parse(text)
    const about = JSON.stringify({
      event_id: uuid,
      event_type: type,
      is_compaction: isCompaction({ type, ...rest }),
      created_at: timestamp,
    })
    return `${about.slice(0, -1)},"payload":${text}}`
  })
  const next = end < entries.length ? `,"next_cursor":"${writeCursor(end)}"` : ''
  respondWithText(response, 200, `{"data":[${events.join(',')}]${next}}`)
}

/** An entry at which a conversation was compacted. @param {Record<string, unknown>} entry */
function isCompaction(entry) {
  return entry.isCompactSummary === true || (entry.type === 'system' && entry.subtype === 'compact_boundary')
}

// Opaque to clients, and of characters that a careless one would not encode.
/** @param {number} index */
function writeCursor(index) {
  return Buffer.from(`after/${index}?`).toString('base64')
}

/** @param {string | null} cursor @returns {number | undefined} */
function readCursor(cursor) {
  if (cursor === null) return 0
  const [, index] =
    Buffer.from(cursor, 'base64')
      .toString()
      .match(/^after\/(\d+)\?$/) ?? []
  return index === undefined ? undefined : Number(index)
}

/** @param {import('node:http').IncomingMessage} request @param {string} [token] */
function isAuthorized(request, token) {
  const [, given] = request.headers.authorization?.match(/^Bearer (\S+)$/) ?? []
  return given !== undefined && (token === undefined || given === token)
}

// A uuid is sent as the bytes of its UTF-8; Node shows and takes headers as Latin-1.
/** @param {string | string[] | undefined} value */
const decodeHeader = (value) => (typeof value === 'string' ? Buffer.from(value, 'latin1').toString() : undefined)
/** @param {string} value */
const encodeHeader = (value) => Buffer.from(value).toString('latin1')

/** @param {string} body @returns {{ uuid: string } | undefined} */
function parseEntry(body) {
  try {
    const entry = JSON.parse(body)
    // A uuid goes into headers.
    return typeof entry?.uuid === 'string' && /^\P{Cc}+$/u.test(entry.uuid) ? entry : undefined
  } catch {
    return undefined
  }
}

/** @param {import('node:http').IncomingMessage} request */
async function readBody(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** Runs what is given under one key in order, one at a time. */
function createQueues() {
  /** @type {Map<string, Promise<void>>} */
  const tails = new Map()
  return (/** @type {string} */ key, /** @type {() => Promise<void>} */ work) => {
    const done = (tails.get(key) ?? Promise.resolve()).then(work, work)
    tails.set(key, done)
    return done
  }
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {number} status
 * @param {object} body
 * @param {Record<string, string>} [headers]
 */
function respond(response, status, body, headers = {}) {
  respondWithText(response, status, JSON.stringify(body), headers)
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {number} status
 * @param {string} text
 * @param {Record<string, string>} [headers]
 */
function respondWithText(response, status, text, headers = {}) {
  const body = Buffer.from(text)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length, ...headers })
  response.end(body)
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({
    options: { dir: { type: 'string' }, port: { type: 'string', default: '0' }, token: { type: 'string' } },
  })
  if (values.dir === undefined || !/^\d+$/.test(values.port)) {
    console.error('usage: node tools/server/ingress-server.mjs --dir DIR [--port N] [--token TOKEN]')
    process.exit(2)
  }
  const { url } = await startIngressServer({ dir: values.dir, port: Number(values.port), token: values.token })
  console.log(`session-ingress service on ${url}, logs in ${values.dir}`)
}
