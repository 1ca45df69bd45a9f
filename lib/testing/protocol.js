// The protocol in its smallest true form.
//
//   PUT  /v1/session_ingress/session/{id}    appends an entry; Last-Uuid names the head that it continues from
//   GET  /v1/session_ingress/session/{id}    the log: { loglines: [entry, …] }
//   GET  /v1/code/sessions/{id}/teleport-events?limit=…&cursor=…    the log as pages of events
//
// Every request carries `Authorization: Bearer …`.

const DEFAULT_PAGE = 500
const LARGEST_PAGE = 1000

const LOG = /^\/v1\/session_ingress\/session\/([^/]+)$/
const EVENTS = /^\/v1\/code\/sessions\/([^/]+)\/teleport-events$/

/** @typedef {import('./memory-store.js').Store} Store */

/**
 * @typedef {object} Request a request that has arrived whole
 * @property {string} method
 * @property {string} url path and query
 * @property {import('node:http').IncomingHttpHeaders} headers
 * @property {string} body
 * @property {import('node:net').Socket} socket
 *
 * @typedef {(request: Request, response: import('node:http').ServerResponse) => Promise<void>} Handler
 */

/** Answers requests from a store. @param {Store} store @param {string} [token] the only one that is accepted; any by default @returns {Handler} */
function createHandler(store, token) {
  return async (request, response) => {
    const { method, headers } = request
    if (!isAuthorized(headers, token)) return refuse(response, 401, 'Missing or wrong bearer token')
    const { pathname, searchParams } = new URL(request.url, 'http://localhost')
    const id = sessionOf(request.url)
    if (id !== undefined && LOG.test(pathname)) {
      if (method === 'PUT') return append(store, id, request, response)
      if (method === 'GET') return readLog(store, id, searchParams, response)
    }
    if (id !== undefined && EVENTS.test(pathname) && method === 'GET') {
      return readEvents(store, id, searchParams, response)
    }
    refuse(response, 404, 'No such endpoint')
  }
}

/** The session that a request is about. @param {string} url @returns {string | undefined} */
function sessionOf(url) {
  const { pathname } = new URL(url, 'http://localhost')
  const [, id] = pathname.match(LOG) ?? pathname.match(EVENTS) ?? []
  try {
    return id && decodeURIComponent(id)
  } catch {
    return undefined
  }
}

/** The path of a session's log. @param {string} id */
const logPath = (id) => `/v1/session_ingress/session/${encodeURIComponent(id)}`

/** @param {Store} store @param {string} id @param {Request} request @param {import('node:http').ServerResponse} response */
async function append(store, id, request, response) {
  const entry = parseEntry(request.body)
  if (entry === undefined) return refuse(response, 400, 'The body is no JSON object with a uuid')
  if (await store.append(id, entry, decodeHeader(request.headers['last-uuid']))) {
    return respond(response, 201, { success: true })
  }
  const head = store.head(id)
  refuse(
    response,
    409,
    'Last-Uuid is not the head of the log',
    head === undefined ? {} : { 'x-last-uuid': encodeHeader(head) },
  )
}

/** @param {Store} store @param {string} id @param {URLSearchParams} query @param {import('node:http').ServerResponse} response */
function readLog(store, id, query, response) {
  let entries = store.entries(id)
  if (entries.length === 0) return refuse(response, 404, 'No such session')
  if (query.get('after_last_compact') === 'true') {
    const last = entries.findLastIndex(({ text }) => isCompaction(JSON.parse(text)))
    entries = entries.slice(Math.max(0, last))
  }
  // As text: an entry goes out as it came in.
  respondWithText(response, 200, `{"loglines":[${entries.map(({ text }) => text).join(',')}]}`)
}

/** @param {Store} store @param {string} id @param {URLSearchParams} query @param {import('node:http').ServerResponse} response */
function readEvents(store, id, query, response) {
  const entries = store.entries(id)
  if (entries.length === 0) return refuse(response, 404, 'No such session')
  const limit = Math.min(Number(query.get('limit') ?? DEFAULT_PAGE), LARGEST_PAGE)
  const start = readCursor(query.get('cursor'))
  if (!(limit >= 1) || start === undefined) return refuse(response, 400, 'limit or cursor is invalid')
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

/** The token of a request. @param {import('node:http').IncomingHttpHeaders} headers @returns {string | undefined} */
function tokenOf(headers) {
  const [, token] = headers.authorization?.match(/^Bearer (\S+)$/) ?? []
  return token
}

/** @param {import('node:http').IncomingHttpHeaders} headers @param {string} [token] */
function isAuthorized(headers, token) {
  const given = tokenOf(headers)
  return given !== undefined && (token === undefined || given === token)
}

// A uuid is sent as the bytes of its UTF-8; Node shows and takes headers as Latin-1.
/** @param {string | string[] | undefined} value */
const decodeHeader = (value) => (typeof value === 'string' ? Buffer.from(value, 'latin1').toString() : undefined)
/** @param {string} value */
const encodeHeader = (value) => Buffer.from(value).toString('latin1')

/** @param {string} body @returns {{ uuid: string, text: string } | undefined} */
function parseEntry(body) {
  try {
    const { uuid } = JSON.parse(body)
    // A uuid goes into headers.
    if (typeof uuid !== 'string' || !/^\P{Cc}+$/u.test(uuid)) return undefined
    // On one line: a line break can only stand between tokens, as it is escaped in a string.
    return { uuid, text: body.replace(/[\r\n]+/g, ' ') }
  } catch {
    return undefined
  }
}

/** @param {import('node:http').ServerResponse} response @param {number} status @param {string} message @param {Record<string, string>} [headers] */
function refuse(response, status, message, headers) {
  respond(response, status, { error: { message } }, headers)
}

/** @param {import('node:http').ServerResponse} response @param {number} status @param {object} body @param {Record<string, string>} [headers] */
function respond(response, status, body, headers) {
  respondWithText(response, status, JSON.stringify(body), headers)
}

/** @param {import('node:http').ServerResponse} response @param {number} status @param {string} text @param {Record<string, string>} [headers] */
function respondWithText(response, status, text, headers = {}) {
  const body = Buffer.from(text)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length, ...headers })
  response.end(body)
}

module.exports = { createHandler, logPath, refuse, sessionOf, tokenOf }
