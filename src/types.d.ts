/** The uuid of an entry. */
export type UUID = `${string}-${string}-${string}-${string}-${string}`

/** The default type of an entry of a session's log, for hosts without their own type. */
export interface Entry {
  uuid?: UUID | undefined
  [key: string]: unknown
}

/** An entry that can be appended: any object with a `uuid`. */
export interface TranscriptMessage {
  /** 1 to 256 characters of visible ASCII. It is sent unchanged as the session's head with the next entry. */
  uuid: string
}

/**
 * The functions of the host, and limits.
 *
 * Functions are called on the JavaScript thread that configured them. An error that a logging
 * function throws is ignored. Where a function that supplies a value throws, the promise of the call rejects with that
 * error; where it returns the wrong type, with a `TypeError`.
 */
export interface ConfigureOptions {
  /**
   * The token of `appendSessionLog` and `getSessionLogs`; trimmed. Called once for each of these calls, and
   * after a 401 of an append, which is repeated where the token is another one: once for each token that was refused, and
   * again after a second at the earliest.
   *
   * Default: env `CLAUDE_CODE_SESSION_ACCESS_TOKEN`, else the content of the file that env
   * `CLAUDE_SESSION_INGRESS_TOKEN_FILE` names.
   */
  getSessionIngressAuthToken?: (() => string | null | undefined) | null | undefined
  /** Returns the server of OAuth and teleport reads. Default: `https://api.anthropic.com`. */
  getOauthConfig?: (() => { BASE_API_URL: string }) | null | undefined
  /**
   * Returns the headers of OAuth and teleport reads. Default: `Authorization: Bearer …`,
   * `Content-Type: application/json`, `anthropic-version: 2023-06-01`.
   */
  getOAuthHeaders?: ((accessToken: string) => Record<string, string>) | null | undefined
  /** Receives debug lines: free text, without tokens. Default: none. */
  logForDebugging?: ((message: string) => void) | null | undefined
  /** Receives diagnostics: events with stable names and without user data. Default: none. */
  logForDiagnosticsNoPII?:
    | ((level: 'info' | 'warn' | 'error', event: string, data?: Record<string, unknown>) => void)
    | null
    | undefined
  /**
   * Receives errors: each a `SessionIngressError`, but for an entry that cannot be serialised, whose error is that of
   * `JSON.stringify`. Default: none.
   */
  logError?: ((error: Error) => void) | null | undefined
  /**
   * Returns headers that go along with the requests of a call, such as `traceparent`; called once for each append and
   * each read, synchronously. It cannot replace what the protocol or the connection says itself: `Authorization`,
   * `Last-Uuid`, `Content-Type`, `User-Agent`, `Accept` and the like. What cannot go along (a name of these, a value that is
   * no string or that no header can hold), or an error that the function throws, is told by `logError`, and the request is
   * sent with the others. Not sent to another origin by a redirect, nor with entries that another process left in the
   * outbox. Default: none.
   *
   * @example
   * ```ts
   * configure({
   *   headers() {
   *     const headers: Record<string, string> = {}
   *     propagation.inject(context.active(), headers)
   *     return headers
   *   },
   * })
   * ```
   */
  headers?: (() => Record<string, string>) | null | undefined
  /** The attempts of an append, and the waits between them. An append uses the values of the time of its call. */
  retry?: RetryOptions | null | undefined
  /** Timeouts of requests. A call uses the values of the time when it is made. */
  timeouts?: TimeoutOptions | null | undefined
  /** Limits of concurrency and memory. */
  limits?: LimitOptions | null | undefined
  /**
   * Keeps entries on disk until the server has them: through outages, crashes and the end of the process. What is left
   * over is delivered by the next process that uses the session with the same `dir`, or, with `getToken`, by any that
   * configures it. Merged with what was set before; `null`: none. Binds when a session is first used. Default: none.
   */
  outbox?: OutboxOptions | null | undefined
  /** Authorities to trust besides the usual ones, and the client certificate. Overrides environment variables. */
  tls?: TlsOptions | null | undefined
  /**
   * The URL of the proxy for all requests, http or https: `http://user:password@proxy:3128`. User name and password are
   * optional and percent-encoded. `NO_PROXY` does not apply to it. `null` means no proxy at all. `undefined` restores
   * the default: env `https_proxy` or `http_proxy`, by the scheme of the request, then `all_proxy`, each in lower or
   * upper case, except for the hosts that `NO_PROXY` lists.
   *
   * A call of `configure` with `proxy` or `tls` also reads the environment variables for connections again. Requests
   * that have begun are not affected.
   */
  proxy?: string | null | undefined
}

/** The attempts of an append. */
export interface RetryOptions {
  /** Attempts in all, an integer from 1. Conflicts with other writers count apart. Default: 10. */
  maxAttempts?: number | null | undefined
  /**
   * The wait after the first attempt, in milliseconds; it doubles with each further one, and is spread at random by a
   * quarter. Default: 500.
   */
  baseDelayMs?: number | null | undefined
  /** Maximum of these waits, in milliseconds. Default: 8000. */
  maxDelayMs?: number | null | undefined
  /**
   * Conflicts with other writers that an append may meet, an integer from 0. From the third in a row on, each waits for
   * a random time of up to 20 ms, 40 ms, … and 1 s. 0: a conflict counts as an attempt, and does not wait.
   * Default: 50.
   */
  maxConflicts?: number | null | undefined
  /**
   * After each conflict, looks for the entry in the log before it is sent again, which reads the whole log. For where a
   * proxy repeats a `PUT` by itself (nginx does by default): what conflicts may be its second copy, and the entry
   * stored. Default: false.
   */
  verifyConflicts?: boolean | null | undefined
  /**
   * Statuses that end an append at once, where another attempt cannot help: `[400, 403, 413, 422]`, say. 200, 201, 401
   * and 409 keep their own rules. Default: none.
   */
  giveUpOn?: number[] | null | undefined
}

/** Timeouts in milliseconds; 0 means no timeout. */
export interface TimeoutOptions {
  /** For a connection to be established: DNS, TCP, a proxy's `CONNECT` and TLS. Default: 10 000. */
  connectMs?: number | null | undefined
  /**
   * For the response to an append, the wait for one of `limits.maxConcurrentRequests` and connecting included, plus one
   * second for each 64 KiB of entry. Default: 60 000.
   */
  appendMs?: number | null | undefined
  /**
   * For the headers of a read, connecting included, and then between two chunks of its body. The whole body may take ten
   * times as long, and one second more for each 4 KiB. Default: 20 000.
   */
  fetchMs?: number | null | undefined
}

/**
 * TLS options as PEM texts, not as paths. `configure` throws a `TypeError` for a text without a PEM block of the right
 * kind. Where a certificate or key turns out to be unusable later, `logForDebugging` gets a warning.
 */
export interface TlsOptions {
  /**
   * Authorities to trust, besides those of Mozilla and the operating system: one text or an array of texts, each with
   * one or more certificates. Default: the file that env `NODE_EXTRA_CA_CERTS` names.
   */
  ca?: string | string[] | null | undefined
  /**
   * The client certificate, for servers that ask for one, followed by its intermediates. Where `cert` or `key` is
   * given, the environment variables for both are ignored. Default: the file that env `CLAUDE_CODE_CLIENT_CERT` names.
   */
  cert?: string | null | undefined
  /**
   * The key of `cert`: PKCS#8 (also encrypted, by PBES2 with AES or 3DES), SEC1 or PKCS#1. Default: the file that env
   * `CLAUDE_CODE_CLIENT_KEY` names.
   */
  key?: string | null | undefined
  /**
   * The passphrase of an encrypted key. Default, where the key is that of the environment: env
   * `CLAUDE_CODE_CLIENT_KEY_PASSPHRASE`.
   */
  passphrase?: string | null | undefined
}

/** Keeps entries on disk until the server has them; docs/outbox.md says when to use it. */
export interface OutboxOptions {
  /**
   * A folder for this purpose: absolute, on a local disk, the user's own, such as `~/.my-cli/outbox`. It is made where it
   * is missing, for its owner alone (mode 0700). Entries stand in it as plain text.
   */
  dir: string
  /**
   * The token for a session that this instance has not used itself, of which another process left entries behind; `null`
   * or `undefined` leaves the session for later. `url` is what that process was given: look at it before handing out a
   * token. Called on the JavaScript thread, about once a minute for each such session; synchronous: for a promise there is
   * a `logError` with a `TypeError`, and no token. Default: only sessions that are used again are delivered.
   */
  getToken?: ((session: { sessionId: string; url: string }) => string | null | undefined) | null | undefined
  /**
   * What an append means whose attempts are used up while its entry is kept. `'delivered'`: it resolves `false`, not known
   * to be stored, and the entry goes on. `'durable'`: it resolves `true` as soon as the entry is safe on the disk.
   * Default: `'delivered'`.
   */
  settle?: 'delivered' | 'durable' | null | undefined
  /**
   * Bytes that the folder may take; an integer from 1. Beyond it, entries are sent and not kept, and those of a deferred
   * session resolve `false`, with the diagnostic `session_outbox_full`. Default: 1 GiB.
   */
  maxBytes?: number | null | undefined
  /**
   * The age in milliseconds from which on what nobody delivers is moved to the dead letters; 0 is no limit. Default: 30
   * days.
   */
  maxAgeMs?: number | null | undefined
  /** The longest wait between two tries, in milliseconds. Default: 300 000. */
  maxDelayMs?: number | null | undefined
  /** The time in milliseconds after which what was written is synced to the disk; 0: at once. Default: 500. */
  syncAfterMs?: number | null | undefined
}

/** What waits in the outbox of a session. */
export interface OutboxSession {
  /** `null` for what another process holds, on Windows. */
  sessionId: string | null
  /** The URL of the log, without query; `null` as above. */
  url: string | null
  /** How many are not delivered; `null` as above. */
  entries: number | null
  bytes: number
  /** When the oldest file was made, in milliseconds since 1970; `null` where nothing was written yet. */
  since: number | null
  /**
   * `'sending'` and `'deferred'`: of this process. `'elsewhere'`: another process has it. `'waiting'`: nobody has.
   * `'dead'`: the server refuses it, or it became too old; it is not tried any more.
   */
  state: 'sending' | 'deferred' | 'elsewhere' | 'waiting' | 'dead'
  /** Of a deferred one: the server or the way to it, the token, or the session itself. */
  reason?: 'outage' | 'token' | 'session'
}

/** Limits, each an integer from 1. */
export interface LimitOptions {
  /**
   * Maximum number of concurrent requests of the process, over all its JavaScript environments. Reads take at most three
   * quarters of them. Default: 128.
   */
  maxConcurrentRequests?: number | null | undefined
  /**
   * Maximum size of the pending entries of this instance as JSON, in bytes: `sessionStats().pendingBytes` never
   * exceeds it. An append that does not fit resolves `false` at once, with the diagnostic
   * `session_persist_fail_queue_full`; so does every entry that is larger than the limit. Default: none.
   */
  maxPendingBytes?: number | null | undefined
  /**
   * Maximum size of one response to a reader (of one page, for teleport events), in bytes, both as it is sent and after
   * decompression. The rest of a larger response is not read, and it counts as one of the wrong shape. The limit does
   * not apply to the reads by which an append finds out what is stored: they keep nothing in memory. A call uses the
   * value of the time when it is made. Default: 512 MiB.
   */
  maxResponseBytes?: number | null | undefined
}

/** An object that behaves like an `AbortSignal`: the platform's own, or that of a library. */
export interface AbortSignalLike {
  readonly aborted: boolean
  readonly reason?: unknown
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** The options of the three readers. */
export interface ReadOptions {
  /**
   * Cancels the read when it aborts: the promise rejects with the signal's `reason`, an `AbortError` by default, and
   * the connection is closed. Where the signal has aborted before the call, nothing is sent. When the promise settles,
   * no listener is left on the signal.
   */
  signal?: AbortSignalLike | null | undefined
  /**
   * Receives the progress of the read: at most about 20 times a second, and once at the end of a read that has a
   * result, before its promise resolves. An error that it throws is ignored.
   */
  onProgress?: ((progress: ReadProgress) => void) | null | undefined
  /**
   * Looks for entries whose `parentUuid` stands nowhere in the list: a resume that follows this chain from its end misses
   * all before such a gap. Where there are any, the diagnostic `session_get_chain_gap` with `{ gaps }` is reported before
   * the promise resolves, and a debug line for each of the first 20. The entries are the same. Nothing is looked for in a
   * log since its last compaction, where the parents of the first entries stand before it. Default: `false`.
   */
  checkChain?: boolean | null | undefined
}

/** The progress of a read. */
export interface ReadProgress {
  /** Entries of the list so far. */
  entries: number
  /** Bytes of the response bodies so far, decompressed. */
  bytes: number
  /** Responses that were read to their end: pages of teleport events, or the one response of a log. */
  pages: number
}

/** The options of `appendSessionLog`. */
export interface AppendOptions {
  /**
   * Takes the entry out of its queue when it aborts, as long as its turn has not come: nothing is sent, the promise rejects
   * with the signal's `reason`, an `AbortError` by default, and it counts as neither appended nor failed. Once a `PUT` has
   * begun, waits between attempts included, the signal does nothing. Where calls joined one entry, that goes only when all
   * of them are aborted. Where the signal has aborted before the call, nothing is sent.
   */
  signal?: AbortSignalLike | null | undefined
}

/** The options of `shutdown`. */
export interface ShutdownOptions {
  /** Maximum time to wait, in milliseconds; 0 does not wait. Default: no maximum. */
  timeoutMs?: number | null | undefined
}

/** What became of the appends that were pending at a `shutdown`. */
export interface ShutdownResult {
  /** Appends that resolved `true` since the call. */
  stored: number
  /**
   * Entries that are neither known to be stored nor in the outbox, each once: given up, or out of attempts since the
   * call.
   */
  lost: { sessionId: string; uuid: string }[]
}

/** The options of `flush`. */
export interface FlushOptions {
  /** Maximum time to wait, in milliseconds; 0 does not wait. Default: no maximum. */
  timeoutMs?: number | null | undefined
  /** The session to wait for. Default: all sessions of the instance. */
  sessionId?: string | null | undefined
  /** Waits for what the outbox has deferred, too: before a container is deleted, say. Default: `false`. */
  deferred?: boolean | null | undefined
}

/** Counters of the appends of a session, or of all sessions of an instance. */
export interface SessionStats {
  /** Appends whose promises have not settled. */
  pending: number
  /** The size of their entries as JSON, in bytes; an entry that was appended twice counts once. */
  pendingBytes: number
  /**
   * The uuid of the last entry known to be on the server, at the URL that was used last; `null` where none is, and for
   * all sessions.
   */
  head: string | null
  /** Appends that resolved `true`. */
  appended: number
  /** Appends that resolved `false`. */
  failed: number
  /** Attempts beyond an append's first, those after conflicts included. */
  retries: number
  /** Entries in the outbox whose promises have settled, and that are not delivered; 0 without an outbox. */
  deferred: number
  /** The size of those entries as JSON, in bytes. */
  deferredBytes: number
  /** Entries that were delivered after they had been deferred, or left behind by another process. */
  recovered: number
  /** For how long the oldest append has been pending, in milliseconds; 0 where none is. */
  oldestPendingMs: number
  /** The last error of an append, also of one that was stored in the end; `null` where there was none. */
  lastError: LastError | null
  /** The times of the appends that resolved `true`, from the call until the promise settled. */
  latency: LatencySummary
}

/** The last error of an append, as `sessionStats` keeps it. */
export interface LastError {
  /** As of `SessionIngressError`. */
  code: string
  /** Free text, without tokens. */
  message: string
  /** When it came, in milliseconds since 1970. */
  at: number
  /** The status of the response; absent where there was none. */
  status?: number
  sessionId?: string
  uuid?: string
}

/** Times in milliseconds that 50, 95 and 99 of 100 appends did not exceed, each at most a sixteenth off. */
export interface LatencySummary {
  /** How many appends; where it is 0, so are the times. */
  count: number
  p50: number
  p95: number
  p99: number
}

/**
 * An error of the package: what `logError` gets, and what the promise of `getTeleportEvents` rejects with after a 401.
 *
 * @example
 * ```ts
 * configure({
 *   logError(error) {
 *     const { code, status, sessionId } = error as SessionIngressError
 *     metrics.increment('session_ingress.errors', { code, status: String(status ?? 'none') })
 *   },
 * })
 * ```
 */
export interface SessionIngressError extends Error {
  /**
   * Stable: the network's own, as Node names it (`ECONNREFUSED`, `ETIMEDOUT`), or one that begins with
   * `ERR_SESSION_INGRESS_`. docs/specification.md, section 6, lists them.
   */
  code: string
  /** What the network gave, with the same `code`; absent where that is not the cause. */
  cause?: Error & { code: string }
  /** The session, as the call named it. */
  sessionId?: string
  /** The entry; absent for reads. */
  uuid?: string
  /** The status of the response; absent where there was none. */
  status?: number
  /** The URL of the log without query, user name and password; absent where it could not be requested. */
  url?: string
}

/** An instance: all functions of the package, with options, sessions, queues, heads and figures of its own. */
export type SessionIngress = Omit<typeof import('./index.js'), 'createSessionIngress'>
