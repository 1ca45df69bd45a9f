// A host with types of its own: they go in and come out without casts. Checked by `npm run lint`.

import {
  appendSessionLog,
  type ConfigureOptions,
  clearAllSessions,
  clearSession,
  configure,
  flush,
  getSessionLogs,
  getSessionLogsViaOAuth,
  getTeleportEvents,
  type ReadProgress,
  type SessionStats,
  sessionStats,
  type UUID,
} from '../../index.js'

interface UserMessage {
  type: 'user'
  uuid: UUID
  message: { role: 'user'; content: string }
}
interface AssistantMessage {
  type: 'assistant'
  uuid: UUID
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
  const typed: Entry[] | null = await getSessionLogs<Entry>('s', 'https://host/log')
  const byContext: Entry[] | null = await getSessionLogsViaOAuth('s', 'token', 'org')
  const events = await getTeleportEvents<Entry>('s', 'token', 'org')
  const untyped = await getSessionLogs('s', 'https://host/log')
  const uuid: UUID | undefined = untyped?.[0]?.uuid
  await clearSession('s')
  await clearAllSessions()
  return [...(typed ?? []), ...(byContext ?? []), ...(events ?? [])].filter(() => appended && uuid !== undefined)
}

// The signatures of the module that this one replaces.
export const sameShape: {
  appendSessionLog: (sessionId: string, entry: TranscriptMessage, url: string) => Promise<boolean>
  getSessionLogs: (sessionId: string, url: string) => Promise<Entry[] | null>
  getSessionLogsViaOAuth: (sessionId: string, accessToken: string, orgUUID: string) => Promise<Entry[] | null>
  getTeleportEvents: (sessionId: string, accessToken: string, orgUUID: string) => Promise<Entry[] | null>
  clearSession: (sessionId: string) => void
  clearAllSessions: () => void
} = { appendSessionLog, getSessionLogs, getSessionLogsViaOAuth, getTeleportEvents, clearSession, clearAllSessions }

export const options: ConfigureOptions = {
  getSessionIngressAuthToken: () => null,
  getOauthConfig: () => ({ BASE_API_URL: 'https://host', OTHER: 1 }),
  logForDiagnosticsNoPII: (_level: 'info' | 'warn' | 'error' | 'debug', _event: string, _data?: object) => {},
  retry: { maxAttempts: 3 },
  limits: null,
}
configure(options)

// @ts-expect-error an entry needs a uuid
appendSessionLog('s', { type: 'user' }, 'https://host/log')
// @ts-expect-error no such key
configure({ retries: {} })
// @ts-expect-error no such key
configure({ retry: { attempts: 3 } })
// @ts-expect-error the url is missing
getSessionLogs('s')

export async function useOptions(): Promise<void> {
  const { signal } = new AbortController()
  const read: Entry[] | null = await getSessionLogs<Entry>('s', 'https://host/log', { signal })
  await getSessionLogsViaOAuth('s', 'token', 'org', { signal: AbortSignal.timeout(1), onProgress: () => read })
  const onProgress = ({ entries, bytes, pages }: ReadProgress) => console.log(entries + bytes + pages)
  await getTeleportEvents('s', 'token', 'org', { onProgress, signal: null })
  const flushed: boolean = await flush({ timeoutMs: 5, sessionId: 's' })
  await flush()
  const stats: SessionStats = flushed ? sessionStats() : sessionStats('s')
  const head: string | null = stats.head
  console.log(head, stats.pending + stats.pendingBytes + stats.appended + stats.failed + stats.retries)
  configure({ limits: { maxPendingBytes: 1, maxResponseBytes: null } })
}

// @ts-expect-error no such option
flush({ timeout: 5 })
// @ts-expect-error no signal
getSessionLogs('s', 'https://host/log', { signal: 5 })
// @ts-expect-error a promise is not given
sessionStats().then(console.log)
