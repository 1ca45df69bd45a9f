/** Names an entry. */
export type UUID = `${string}-${string}-${string}-${string}-${string}`

/** An entry of a session's log, where the host has no type of its own for it. */
export interface Entry {
  uuid?: UUID
  [key: string]: unknown
}

/** What can be appended: any object with a `uuid`. */
export interface TranscriptMessage {
  /** A non-empty string without control characters; sent back byte for byte as the session's head. */
  uuid: string
}

/**
 * The host's own functions, under the names by which it has them, and limits.
 *
 * Functions are called on the JavaScript thread of the environment that configured them. Those that log may
 * throw: that never breaks anything. Those that supply something reject the promise of the call with what
 * they throw, and with a `TypeError` where they return the wrong type.
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
  getSessionIngressAuthToken?: (() => string | null | undefined) | null
  /** The server of OAuth and teleport reads. Default: `https://api.anthropic.com`. */
  getOauthConfig?: (() => { BASE_API_URL: string }) | null
  /**
   * The headers of OAuth and teleport reads. Default: `Authorization: Bearer …`,
   * `Content-Type: application/json`, `anthropic-version: 2023-06-01`.
   */
  getOAuthHeaders?: ((accessToken: string) => Record<string, string>) | null
  /** Takes debug lines, worded freely, without tokens. Default: none. */
  logForDebugging?: ((message: string) => void) | null
  /** Takes diagnostics: events with stable names and no user data. Default: none. */
  logForDiagnosticsNoPII?:
    | ((level: 'info' | 'warn' | 'error', event: string, data?: Record<string, unknown>) => void)
    | null
  /** Takes errors. Default: none. */
  logError?: ((error: Error) => void) | null
  /** How often an append is attempted. Binds when an append is called. */
  retry?: RetryOptions | null
  /** How long requests may take. Binds when a function is called. */
  timeouts?: TimeoutOptions | null
  /** How much there may be at once. */
  limits?: LimitOptions | null
  /** Whom to trust besides the usual authorities, and what to show of oneself. Wins over the environment. */
  tls?: TlsOptions | null
  /**
   * The proxy for all requests, http or https, with or without credentials: `http://user:password@proxy:3128`, the user
   * name and password being percent-encoded. `NO_PROXY` has no say in it. `null` is no proxy at all, and `undefined` the
   * default: env `https_proxy` or `http_proxy`, by the scheme of the request, then `all_proxy`, each in this or the
   * upper-case form, and not for what `NO_PROXY` names.
   *
   * A call of `configure` that has `proxy` or `tls` also reads the variables for connections anew. Requests that were
   * begun before keep what they have.
   */
  proxy?: string | null
}

export interface RetryOptions {
  /** Attempts in all, an integer from 1. Conflicts with other writers count apart. Default: 10. */
  maxAttempts?: number | null
  /**
   * The wait after the first attempt, in milliseconds; it doubles with each further one, and is spread at random by a
   * quarter. Default: 500.
   */
  baseDelayMs?: number | null
  /** The longest such wait, in milliseconds. Default: 8000. */
  maxDelayMs?: number | null
  /**
   * Conflicts with other writers that an append may meet, an integer from 0. From the third in a row on, each waits for
   * a random time of up to 20 ms, 40 ms, … and 1 s. 0: a conflict counts as an attempt, and does not wait.
   * Default: 50.
   */
  maxConflicts?: number | null
  /**
   * After each conflict, looks for the entry in the log before it is sent again, which reads the whole log. For where a
   * proxy repeats a `PUT` by itself (nginx does by default): what conflicts may be its second copy, and the entry
   * stored. Default: false.
   */
  verifyConflicts?: boolean | null
  /**
   * Statuses that end an append at once, where another attempt cannot help: `[400, 403, 413, 422]`, say. 200, 201, 401
   * and 409 keep their own rules. Default: none.
   */
  giveUpOn?: number[] | null
}

/** Times in milliseconds; 0 is no limit. */
export interface TimeoutOptions {
  /** For a connection to stand: the name's look-up, TCP, a proxy's `CONNECT` and TLS. Default: 10 000. */
  connectMs?: number | null
  /** For an append to be answered, connecting included, plus one second for each 64 KiB of entry. Default: 60 000. */
  appendMs?: number | null
  /** For a read's headers to come, connecting included, and then between two chunks of its body. Default: 20 000. */
  fetchMs?: number | null
}

/**
 * PEM texts, not paths. A text without a block of the right kind is a `TypeError`. What turns out to be unusable later
 * is told to `logForDebugging`.
 */
export interface TlsOptions {
  /**
   * Authorities to trust, besides Mozilla's and the operating system's: one text or several, each with one certificate
   * or more. Default: the file that env `NODE_EXTRA_CA_CERTS` names.
   */
  ca?: string | string[] | null
  /**
   * The client certificate, for servers that ask for one; then its intermediates. Where `cert` or `key` is given, both
   * are taken from here. Default: the file that env `CLAUDE_CODE_CLIENT_CERT` names.
   */
  cert?: string | null
  /**
   * Its key: PKCS#8 (also encrypted, by PBES2 with AES), SEC1 or PKCS#1. Default: the file that env
   * `CLAUDE_CODE_CLIENT_KEY` names.
   */
  key?: string | null
  /** Of an encrypted key. Default, for a key of the environment: env `CLAUDE_CODE_CLIENT_KEY_PASSPHRASE`. */
  passphrase?: string | null
}

/** Integers from 1. */
export interface LimitOptions {
  /** Requests under way at once in the process, over all its JavaScript environments. Default: 128. */
  maxConcurrentRequests?: number | null
  /**
   * Bytes of entries, as JSON, that may be pending in this environment: `sessionStats().pendingBytes` never
   * exceeds it. An append that does not fit resolves `false` at once, with diagnostic
   * `session_persist_fail_queue_full`; so does an entry that is larger than the limit. Default: none.
   */
  maxPendingBytes?: number | null
  /**
   * Bytes of one answer (of a page, for teleport events) to one of the three readers, as it is sent and
   * decompressed. A larger one counts as one of the wrong shape, and is not read on. The reads by which an
   * append finds out what is stored drop what they read, and are not bounded. Binds when a function is called.
   * Default: none.
   */
  maxResponseBytes?: number | null
}

/** What behaves like an `AbortSignal`: the platform's own, or one of a library. */
export interface AbortSignalLike {
  readonly aborted: boolean
  readonly reason?: unknown
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

export interface ReadOptions {
  /**
   * Cancels the read: the promise rejects with the signal's `reason`, an `AbortError` by default, the
   * connection is closed, and no listener stays on the signal. One that has aborted already sends nothing.
   */
  signal?: AbortSignalLike | null
  /**
   * Told how far the read is: at most about 20 times a second, and once at the end of a read that has a result,
   * before its promise resolves. What it throws is ignored.
   */
  onProgress?: ((progress: ReadProgress) => void) | null
}

/** How far a read is. */
export interface ReadProgress {
  /** Entries of the list so far. */
  entries: number
  /** Bytes of the answers so far, decompressed. */
  bytes: number
  /** Answers that were read to their end: pages of teleport events, or the one of a log. */
  pages: number
}

export interface FlushOptions {
  /** How long to wait at most, in milliseconds; 0 does not wait. Default: as long as it takes. */
  timeoutMs?: number | null
  /** Waits for the appends of this session only. Default: all sessions of this JavaScript environment. */
  sessionId?: string | null
}

/** The appends of a session, or of all sessions of a JavaScript environment. */
export interface SessionStats {
  /** Appends whose promises have not settled. */
  pending: number
  /** The bytes of their entries, as JSON. */
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
}
