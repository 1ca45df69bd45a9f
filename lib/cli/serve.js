// `session-ingress serve`: a server of the protocol, to develop against.

const { FileStore } = require('../testing/file-store.js')
const { MemoryStore } = require('../testing/memory-store.js')
const { startService } = require('../testing/service.js')
const { UsageError, UserError } = require('./errors.js')

/** @param {string | undefined} text */
function parsePort(text) {
  if (text === undefined) return undefined
  if (!/^\d+$/.test(text) || Number(text) > 65535) {
    throw new UsageError(`--port must be an integer from 0 to 65535, not '${text}'`)
  }
  return Number(text)
}

/** @param {string | undefined} dir */
async function openStore(dir) {
  if (dir === undefined) return new MemoryStore()
  if (dir === '') throw new UsageError('--dir must name a folder')
  return FileStore.open(dir).catch((error) => {
    throw new UserError(`The folder ${dir} cannot be used: ${error.message}`)
  })
}

/** @param {Record<string, string | undefined>} options @param {string[]} others */
async function serve({ dir, port, host, token }, others) {
  if (others.length > 0) throw new UsageError(`serve takes options only, and not '${others[0]}'`)
  const listening = { host, port: parsePort(port) }
  const { url } = await startService({ store: await openStore(dir), token, ...listening }).catch((error) => {
    if (error instanceof UserError) throw error
    const where = `${host ?? '127.0.0.1'}, port ${port ?? 0}`
    throw new UserError(`The server cannot listen on ${where}: ${error.message}`)
  })
  console.log(`session-ingress serves on ${url}, logs in ${dir ?? 'memory'}`)
}

module.exports = { serve }
