#!/usr/bin/env node
// The command line of the package: a server of the protocol, to develop against, and a look into an outbox.

const { parseArgs } = require('node:util')
const { UsageError, UserError } = require('./errors.js')

const HELP = `Usage: session-ingress serve [options]
       session-ingress outbox --dir DIR [list | discard ID | requeue ID]

serve: the session-ingress protocol, offline:

  PUT, GET  /v1/session_ingress/session/{id}
  GET       /v1/code/sessions/{id}/teleport-events

  --dir DIR      keeps each session in DIR as a JSON Lines file, on disk before the server responds;
                 without it, sessions are kept in memory
  --port N       listens on this port; default: a free one
  --host HOST    listens on this address; default: 127.0.0.1
  --token TOKEN  accepts this bearer token only; default: any

outbox: what waits in the folder of an outbox, and is not delivered:

  list           the sessions, with how much waits of each; what is done without another word
  discard ID     gives up what waits of a session
  requeue ID     has the dead letters of a session tried again by the process that uses it next

  --help         shows this
`

/** Each is loaded only where it is wanted. @type {Record<string, () => (options: Record<string, string | undefined>, others: string[]) => Promise<void>>} */
const COMMANDS = {
  serve: () => require('./serve.js').serve,
  outbox: () => require('./outbox.js').outbox,
}

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

/** @param {string[]} parameters */
async function main(parameters) {
  const { values, positionals } = parse(parameters)
  const [command, ...others] = positionals
  if (values.help || command === undefined) {
    const stream = values.help ? process.stdout : process.stderr
    stream.write(HELP)
    process.exitCode = values.help ? 0 : 2
    return
  }
  if (!Object.hasOwn(COMMANDS, command)) {
    throw new UsageError(`There is no command '${command}'; those that there are: ${Object.keys(COMMANDS).join(', ')}`)
  }
  await COMMANDS[command]()(values, others)
}

main(process.argv.slice(2)).catch((error) => {
  if (!(error instanceof UserError)) throw error
  console.error(error.message)
  const isUsage = error instanceof UsageError
  if (isUsage) console.error('Try: session-ingress --help')
  process.exitCode = isUsage ? 2 : 1
})
