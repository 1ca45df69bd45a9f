/** The options of `startIngressServer`. */
export interface ServerOptions {
  /**
   * The folder of the logs, one JSON Lines file for each session; it is made where it does not exist, and what is there
   * already is served. An entry is on disk before the server responds. Default: logs in memory.
   */
  dir?: string | undefined
  /** The port to listen on. Default: a free one. */
  port?: number | undefined
  /** The address to listen on. Default: `127.0.0.1`. */
  host?: string | undefined
  /** The only token that is accepted; others get a 401. Default: any token is. */
  token?: string | undefined
}

/** An entry of a log: any object. */
export interface LogEntry {
  uuid?: string | undefined
  [key: string]: unknown
}

/** A request as it came. */
export interface RecordedRequest {
  /** `PUT` for an append, `GET` for a read. */
  method: string
  /** Path and query. */
  path: string
  /** The headers, by their names in lower case, without `authorization`. */
  headers: Record<string, string | string[] | undefined>
  /** The entry of a `PUT` as JSON; empty for a `GET`. */
  body: string
  /** The bearer token. Not enumerable: what is printed of a request, and a snapshot of it, hold no token. */
  readonly token: string | undefined
}

/** The requests that a fault is meant for. */
export interface FaultOptions {
  /** The session that they are about. Default: any. */
  session?: string | undefined
  /** Their method: `PUT` for appends, `GET` for reads. Default: any. */
  method?: 'PUT' | 'GET' | undefined
  /** The number of requests that meet the fault; then it ends. Default: all, until it is ended. */
  times?: number | undefined
}

/** The options of `faults.reset`. */
export interface ResetOptions extends FaultOptions {
  /** Whether the request is carried out first, and only its response is lost. Default: false. */
  stored?: boolean | undefined
}

/** The options of `faults.status`. */
export interface StatusOptions extends ResetOptions {
  /** Headers of the response, for example `{ 'retry-after': '1' }`. */
  headers?: Record<string, string> | undefined
  /** The server's own message, which `logError` gets where attempts are used up. */
  message?: string | undefined
}

/** A fault in force. */
export interface ActiveFault {
  /** The number of requests that have met it. */
  readonly met: number
  /** Ends it. Requests that have met it are not affected. */
  end(): void
}

/**
 * Faults of a server. Each request meets the first one that is meant for it, in the order in which they were added, and
 * no other.
 */
export interface Faults {
  /**
   * Responds with a status.
   *
   * @example
   * server.faults.status(503, { times: 2, headers: { 'retry-after': '0' } })
   */
  status(status: number, options?: StatusOptions): ActiveFault
  /**
   * Cuts the connection without a response.
   *
   * @example
   * // The first entry is stored, and the client does not hear of it.
   * server.faults.reset({ stored: true, method: 'PUT', times: 1 })
   */
  reset(options?: ResetOptions): ActiveFault
  /**
   * Carries a request out later.
   *
   * @example
   * server.faults.delay(200, { method: 'GET' })
   */
  delay(milliseconds: number, options?: FaultOptions): ActiveFault
  /**
   * Cuts the connection of each request until the outage is ended.
   *
   * @example
   * const outage = server.faults.outage()
   * const appended = appendSessionLog('s', entry, server.logUrl('s'))
   * outage.end()
   * await appended // true
   */
  outage(options?: Omit<FaultOptions, 'times'>): ActiveFault
  /** Ends all faults. */
  clear(): void
}

/** A server that runs. */
export interface IngressServer {
  /** The base URL, which `getOauthConfig` gives as `BASE_API_URL`. */
  readonly url: string
  readonly port: number
  /** The requests so far, in the order in which they arrived. */
  readonly requests: RecordedRequest[]
  readonly faults: Faults
  /** The URL of a session's log, for `appendSessionLog` and `getSessionLogs`. */
  logUrl(sessionId: string): string
  /** The entries of a session, in order; none where there is no such session. */
  log<T = LogEntry>(sessionId: string): T[]
  /** Replaces the entries of a session. */
  set(sessionId: string, entries: readonly object[]): Promise<void>
  /** Closes all connections, and stops. */
  close(): Promise<void>
}

/**
 * Starts a server of the protocol: appends, reads of logs, and teleport events.
 *
 * Rejects where the folder or the port cannot be used.
 *
 * @example
 * import { appendSessionLog, configure } from 'session-ingress'
 * import { startIngressServer } from 'session-ingress/testing'
 *
 * const server = await startIngressServer()
 * configure({ getSessionIngressAuthToken: () => 'token', proxy: null })
 * await appendSessionLog('s', { uuid: 'a' }, server.logUrl('s')) // true
 * server.log('s') // [{ uuid: 'a' }]
 * await server.close()
 */
export declare function startIngressServer(options?: ServerOptions): Promise<IngressServer>

/**
 * Puts the package back to how it was when it was loaded, for this JavaScript environment: all sessions are forgotten,
 * and each option of `configure` has its default. Appends that are pending go on. The counters of `sessionStats()`
 * without an id keep what they have counted.
 *
 * @example
 * import { reset } from 'session-ingress/testing'
 *
 * afterEach(() => reset())
 */
export declare function reset(): void
