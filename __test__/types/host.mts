// A host with types of its own: they go in and come out without casts. Checked by `npm run test:types`, as an
// importer by Node's rules and by a bundler's.

import {
  type AbortSignalLike,
  type Entry as AnyEntry,
  appendSessionLog,
  type ConfigureOptions,
  clearAllSessions,
  clearSession,
  configure,
  createSessionIngress,
  flush,
  getSessionLogs,
  getSessionLogsViaOAuth,
  getTeleportEvents,
  type ReadProgress,
  type SessionIngress,
  type SessionStats,
  sessionStats,
  type UUID,
} from 'session-ingress'
import { type ActiveFault, type RecordedRequest, reset, startIngressServer } from 'session-ingress/testing'

interface UserMessage {
  type: 'user'
  uuid: UUID
  parentUuid: UUID | null
  message: { role: 'user'; content: string }
}
interface AssistantMessage {
  type: 'assistant'
  uuid: UUID
  requestId?: string
  message: { role: 'assistant'; content: unknown[] }
}
interface Summary {
  type: 'summary'
  leafUuid: UUID
}
type TranscriptMessage = UserMessage | AssistantMessage
type Entry = TranscriptMessage | Summary

export async function use(message: TranscriptMessage): Promise<Entry[]> {
  const appended: boolean = await appendSessionLog('s', message, 'https://host/log')
  const asked = await getSessionLogs<Entry>('s', 'https://host/log')
  const byContext: Entry[] | null = await getSessionLogsViaOAuth('s', 'token', 'org')
  const events = await getTeleportEvents<Entry>('s', 'token', 'org')
  const untyped: AnyEntry[] | null = await getSessionLogs('s', 'https://host/log')
  const uuid: UUID | undefined = untyped?.[0]?.uuid
  const unknown: unknown = untyped?.[0]?.['any key']
  await clearSession('s')
  await clearAllSessions()
  // A discriminated union is one still.
  const texts = (asked ?? []).map((entry) => (entry.type === 'user' ? entry.message.content : entry.type))
  return [...(byContext ?? []), ...(events ?? [])].filter(() => appended && uuid && unknown && texts)
}

// A uuid may be of any kind of string, a class instance an entry.
class Message {
  readonly uuid: string & { readonly brand: unique symbol }
  constructor(uuid: string) {
    this.uuid = uuid as typeof this.uuid
  }
}
appendSessionLog('s', new Message('u'), 'https://host/log')

/** The module that this package replaces, by its signatures. */
interface OldModule {
  appendSessionLog: (sessionId: string, entry: TranscriptMessage, url: string) => Promise<boolean>
  getSessionLogs: (sessionId: string, url: string) => Promise<Entry[] | null>
  getSessionLogsViaOAuth: (sessionId: string, accessToken: string, orgUUID: string) => Promise<Entry[] | null>
  getTeleportEvents: (sessionId: string, accessToken: string, orgUUID: string) => Promise<Entry[] | null>
  clearSession: (sessionId: string) => void
  clearAllSessions: () => void
}
export const replacement: OldModule = {
  appendSessionLog,
  getSessionLogs,
  getSessionLogsViaOAuth,
  getTeleportEvents,
  clearSession,
  clearAllSessions,
}
export const wholeModule: OldModule = await import('session-ingress')

// A host's own functions, which take and give more than is asked for.
export const options: ConfigureOptions = {
  getSessionIngressAuthToken: () => null,
  getOauthConfig: () => ({ BASE_API_URL: 'https://host', OTHER: 1 }),
  getOAuthHeaders: (accessToken: string) => ({ Authorization: `Bearer ${accessToken}`, 'x-of-the-host': '1' }),
  logForDebugging: (_message: string, _options?: { level: 'debug' }) => {},
  logForDiagnosticsNoPII: (_level: 'info' | 'warn' | 'error' | 'debug', _event: string, _data?: object) => {},
  logError: (_error: unknown) => {},
  retry: { maxAttempts: 3 },
  limits: null,
}
configure(options)

// What a host has only sometimes is passed on as it is, also under exactOptionalPropertyTypes.
export function passOn(
  logError: ConfigureOptions['logError'],
  ms?: number,
  id?: string,
  signal?: AbortSignalLike,
): void {
  configure({
    logError,
    proxy: undefined,
    retry: { maxAttempts: ms },
    timeouts: undefined,
    tls: { ca: id, key: undefined },
  })
  flush({ timeoutMs: ms, sessionId: id })
  getSessionLogs('s', 'https://host/log', { signal, onProgress: undefined })
}

// @ts-expect-error an entry needs a uuid
appendSessionLog('s', { type: 'user' }, 'https://host/log')
// @ts-expect-error a summary has none
appendSessionLog('s', {} as Entry, 'https://host/log')
// @ts-expect-error a uuid is a string
appendSessionLog('s', { uuid: 1 }, 'https://host/log')
// @ts-expect-error no such key
configure({ retries: {} })
// @ts-expect-error no such key
configure({ retry: { attempts: 3 } })
// @ts-expect-error a token is not promised but given
configure({ getSessionIngressAuthToken: async () => 'token' })
// @ts-expect-error a config names its server
configure({ getOauthConfig: () => ({}) })
// @ts-expect-error the url is missing
getSessionLogs('s')

// An instance has the functions of the package, with their types, and makes no others.
export function useInstance(options?: ConfigureOptions): SessionIngress {
  const ingress: SessionIngress = createSessionIngress(options)
  const { appendSessionLog: append } = ingress
  const appended: Promise<boolean> = append('s', {} as TranscriptMessage, 'https://host/log', { signal: null })
  const read: Promise<Entry[] | null> = ingress.getSessionLogs<Entry>('s', 'https://host/log')
  void Promise.all([appended, read])
  // @ts-expect-error an entry needs a uuid
  append('s', { type: 'user' }, 'https://host/log')
  // @ts-expect-error it is a function of the package
  ingress.createSessionIngress()
  return createSessionIngress(null)
}
// @ts-expect-error no such key
createSessionIngress({ retries: {} })

// Neither Node's types nor the browser's are loaded: a signal is what behaves like one.
export async function useOptions(signal: AbortSignalLike, print: (text: string | number) => void): Promise<void> {
  const read: Entry[] | null = await getSessionLogs<Entry>('s', 'https://host/log', { signal })
  await getSessionLogsViaOAuth('s', 'token', 'org', { signal, onProgress: () => read })
  const onProgress = ({ entries, bytes, pages }: ReadProgress) => print(entries + bytes + pages)
  await getTeleportEvents('s', 'token', 'org', { onProgress, signal: null })
  const flushed: boolean = await flush({ timeoutMs: 5, sessionId: 's' })
  await flush()
  const stats: SessionStats = flushed ? sessionStats() : sessionStats('s')
  const head: string | null = stats.head
  print(head ?? '')
  print(stats.pending + stats.pendingBytes + stats.appended + stats.failed + stats.retries)
  configure({ limits: { maxPendingBytes: 1, maxResponseBytes: null } })
}

// @ts-expect-error no such option
flush({ timeout: 5 })
// @ts-expect-error no signal
getSessionLogs('s', 'https://host/log', { signal: 5 })
// @ts-expect-error a promise is not given
sessionStats().then(() => {})

export async function testIt(dir: string | undefined): Promise<string | undefined> {
  const server = await startIngressServer({ dir })
  await server.set('s', [{ uuid: 'a', anything: 1 }])
  server.faults.status(503, { times: 1, headers: { 'retry-after': '0' }, session: undefined })
  const outage: ActiveFault = server.faults.outage()
  outage.end()
  reset()
  // @ts-expect-error an outage is ended, and not counted
  server.faults.outage({ times: 1 })
  const [request]: RecordedRequest[] = server.requests
  return server.log('s')[0]?.uuid ?? request?.token
}
