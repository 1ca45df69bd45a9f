// Loaded with the first append or read of an environment: what has no place where the package is loaded, which is to be
// quick.

const tracing = require('./tracing.js')

/** The copies of the package in this realm: by path, whether they were used. */
const COPIES = Symbol.for('session-ingress.copies')

/**
 * @param {{ path: string, diagnosticsChannel: typeof import('node:diagnostics_channel') }} given
 */
module.exports = function firstUse({ path, diagnosticsChannel }) {
  return { ...tracing(diagnosticsChannel), notice: noticeOfCopies(path) }
}

/**
 * Notes that the copy at `path` is used. Another one has queues of its own: two that append to a session are two writers.
 *
 * @param {string} path
 * @returns {string | undefined} what is to be said about it
 */
function noticeOfCopies(path) {
  const realm = /** @type {any} */ (globalThis)
  realm[COPIES] ??= new Map()
  /** @type {Map<string, boolean>} */
  const copies = realm[COPIES]
  copies.set(path, true)
  const others = [...copies].filter(([other]) => other !== path)
  if (others.length === 0) return undefined
  const used = others.filter(([, isUsed]) => isUsed)
  const listed = (used.length > 0 ? used : others).map(([other]) => other).join(', ')
  const what = used.length > 0 ? 'used' : 'loaded'
  const notice = `session-ingress is ${what} more than once in this process, each copy with queues of its own: ${path}, ${listed}`
  if (used.length > 0) process.emitWarning(notice, { code: 'SESSION_INGRESS_COPIES' })
  return notice
}
