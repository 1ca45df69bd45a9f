// The same types for a host that is CommonJS.

import ingress = require('session-ingress')
import testing = require('session-ingress/testing')

interface Message {
  uuid: ingress.UUID
  text: string
}

export async function use(message: Message): Promise<Message[] | null> {
  ingress.configure({ timeouts: { fetchMs: 5000 } } satisfies ingress.ConfigureOptions)
  await ingress.appendSessionLog('s', message, 'https://host/log')
  return ingress.getSessionLogs<Message>('s', 'https://host/log')
}

// @ts-expect-error an entry needs a uuid
ingress.appendSessionLog('s', {}, 'https://host/log')

export async function testIt(): Promise<unknown[]> {
  const server = await testing.startIngressServer()
  const outage: testing.ActiveFault = server.faults.outage({ method: 'PUT' })
  outage.end()
  return server.log<Message>('s')
}
