#!/usr/bin/env node
// The command line of the package: a server of the protocol, to develop against.

const { parseArgs } = require('node:util')
const { FileStore } = require('./testing/file-store.js')
const { MemoryStore } = require('./testing/memory-store.js')
const { startService } = require('./testing/service.js')

const HELP = `Usage: session-ingress serve [options]

Serves the session-ingress protocol, offline:

  PUT, GET  /v1/session_ingress/session/{id}
  GET       /v1/code/sessions/{id}/teleport-events

Options:
  --dir DIR      keeps each session in DIR as a JSON Lines file, on disk before the server responds;
                 without it, sessions are kept in memory
  --port N       listens on this port; default: a free one
  --host HOST    listens on this address; default: 127.0.0.1
  --token TOKEN  accepts this bearer token only; default: any
  --help         shows this
`

/** An error that the user can mend: it is shown without a stack. */
class UserError extends Error {}

/** One of the command line itself. */
class UsageError extends UserError {}

/** @param {string[]} parameters */
function parse(parameters) {
  /** @type {Record<string, { type: 'string' } | { type: 'boolean', short: string }>} */
  const options = {
    dir: { type: 'string' },
    port: { type: 'string' },
    host: { type: 'string' },
    token: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  }
  try {
    const { values, positionals } = parseArgs({ args: parameters, options, allowPositionals: true })
    return { values: /** @type {Record<string, string | undefined>} */ (values), positionals }
  } catch (error) {
    throw new UsageError(/** @type {Error} */ (error).message.split('. ')[0])
  }
}

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

/** @param {string[]} parameters */
async function main(parameters) {
  const { values, positionals } = parse(parameters)
  const { dir, port, host, token, help } = values
  const [command, ...others] = positionals
  if (help || command === undefined) {
    const stream = help ? process.stdout : process.stderr
    stream.write(HELP)
    process.exitCode = help ? 0 : 2
    return
  }
  if (command !== 'serve') throw new UsageError(`There is no command '${command}'; the one that there is: serve`)
  if (others.length > 0) throw new UsageError(`serve takes options only, and not '${others[0]}'`)
  const listening = { host, port: parsePort(port) }
  const { url } = await startService({ store: await openStore(dir), token, ...listening }).catch((error) => {
    if (error instanceof UserError) throw error
    const where = `${host ?? '127.0.0.1'}, port ${port ?? 0}`
    throw new UserError(`The server cannot listen on ${where}: ${error.message}`)
  })
  console.log(`session-ingress serves on ${url}, logs in ${dir ?? 'memory'}`)
}

main(process.argv.slice(2)).catch((error) => {
  if (!(error instanceof UserError)) throw error
  console.error(error.message)
  const isUsage = error instanceof UsageError
  if (isUsage) console.error('Try: session-ingress --help')
  process.exitCode = isUsage ? 2 : 1
})
