// `session-ingress outbox`: a look into the folder of an outbox.

const { statSync } = require('node:fs')
const { resolve } = require('node:path')
const { UsageError, UserError } = require('./errors.js')

/** @param {string | undefined} dir */
function openFolder(dir) {
  if (!dir) throw new UsageError('outbox needs --dir DIR')
  const folder = resolve(dir)
  try {
    if (statSync(folder).isDirectory()) return folder
  } catch (error) {
    throw new UserError(`The folder ${dir} cannot be used: ${/** @type {Error} */ (error).message}`)
  }
  throw new UserError(`${dir} is no folder`)
}

/** @param {Record<string, string | undefined>} options @param {string[]} others */
async function outbox({ dir }, [action = 'list', sessionId, ...more]) {
  const folder = openFolder(dir)
  const wantsId = action === 'discard' || action === 'requeue'
  if (action !== 'list' && !wantsId) {
    throw new UsageError(`outbox can list, discard and requeue, and not '${action}'`)
  }
  if (wantsId !== (sessionId !== undefined) || more.length > 0) {
    throw new UsageError(`outbox ${action} takes ${wantsId ? 'the id of one session' : 'no id'}`)
  }
  // Not sooner: the other commands need no binary.
  /** @type {typeof import('../../index.js')} */
  const { configure, discardOutboxSession, outboxSessions, requeueOutboxSession } = require('../binding.js')
  configure({ outbox: { dir: folder } })
  if (action === 'discard') {
    console.log(`${await discardOutboxSession(sessionId)} entries of ${sessionId} were given up`)
  } else if (action === 'requeue') {
    console.log(
      `${await requeueOutboxSession(/** @type {string} */ (sessionId))} entries of ${sessionId} are tried again`,
    )
  } else {
    const sessions = await outboxSessions()
    const rows = sessions.map(({ since, ...session }) => ({
      ...session,
      since: since && new Date(since).toISOString(),
    }))
    if (rows.length === 0) console.log('Nothing waits')
    else console.table(rows)
  }
}

module.exports = { outbox }
