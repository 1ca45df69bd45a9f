// A CLI as small as can be, to be bundled, or made into one executable: docs/shipping.md.
//
//   cli append SESSION UUID TEXT    appends an entry to a session's log
//   cli read SESSION                prints the log, an entry a line
//
// The service's base URL is in env INGRESS_URL, the token where the package looks for it by default.

import { appendSessionLog, configure, getSessionLogs } from 'session-ingress'

const [command, session, uuid, text] = process.argv.slice(2)
const url = `${process.env.INGRESS_URL}/v1/session_ingress/session/${session}`

configure({ logError: (error) => console.error(error.message) })

// Not at the top level: a bundle in CommonJS cannot await there.
async function main() {
  if (command === 'append') {
    process.exitCode = (await appendSessionLog(session, { uuid, type: 'user', text }, url)) ? 0 : 1
  } else if (command === 'read') {
    const entries = await getSessionLogs(session, url)
    for (const entry of entries ?? []) console.log(JSON.stringify(entry))
    process.exitCode = entries === null ? 1 : 0
  } else {
    console.error('usage: cli append SESSION UUID TEXT | cli read SESSION')
    process.exitCode = 2
  }
}

main()
