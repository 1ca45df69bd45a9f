/** The uuid of an entry. */
export type UUID = `${string}-${string}-${string}-${string}-${string}`

/** The default type of an entry of a session's log, for hosts without their own type. */
export interface Entry {
  uuid?: UUID
  [key: string]: unknown
}

/** An entry that can be appended: any object with a `uuid`. */
export interface TranscriptMessage {
  /** A non-empty string without control characters. It is sent unchanged as the session's head with the next entry. */
  uuid: string
}

/**
 * The functions of the host, and limits.
 *
 * Functions are called on the JavaScript thread of the environment that configured them. An error that a logging
 * function throws is ignored. Where a function that supplies a value throws, the promise of the call rejects with that
 * error; where it returns the wrong type, with a `TypeError`.
 */
export interface ConfigureOptions {
  /**
   * Returns the token for `appendSessionLog` and `getSessionLogs`; white space around it is removed. Called once for
   * each of these calls, and again after an append got a 401: where the token has changed, the append is repeated.
   *
   * Default: env `CLAUDE_CODE_SESSION_ACCESS_TOKEN`, else the content of the file that env
   * `CLAUDE_SESSION_INGRESS_TOKEN_FILE` names.
   */
  getSessionIngressAuthToken?: (() => string | null | undefined) | null
  /** Returns the server of OAuth and teleport reads. Default: `https://api.anthropic.com`. */
  getOauthConfig?: (() => { BASE_API_URL: string }) | null
  /**
   * Returns the headers of OAuth and teleport reads. Default: `Authorization: Bearer …`,
   * `Content-Type: application/json`, `anthropic-version: 2023-06-01`.
   */
  getOAuthHeaders?: ((accessToken: string) => Record<string, string>) | null
  /** Receives debug lines: free text, without tokens. Default: none. */
  logForDebugging?: ((message: string) => void) | null
  /** Receives diagnostics: events with stable names and without user data. Default: none. */
  logForDiagnosticsNoPII?:
    | ((level: 'info' | 'warn' | 'error', event: string, data?: Record<string, unknown>) => void)
    | null
  /** Receives errors. Default: none. */
  logError?: ((error: Error) => void) | null
  /** The attempts of an append, and the waits between them. An append uses the values of the time of its call. */
  retry?: RetryOptions | null
  /** Timeouts of requests. A call uses the values of the time when it is made. */
  timeouts?: TimeoutOptions | null
  /** Limits of concurrency and memory. */
  limits?: LimitOptions | null
  /** Authorities to trust besides the usual ones, and the client certificate. Overrides environment variables. */
  tls?: TlsOptions | null
  /**
   * The URL of the proxy for all requests, http or https: `http://user:password@proxy:3128`. User name and password are
   * optional and percent-encoded. `NO_PROXY` does not apply to it. `null` means no proxy at all. `undefined` restores
   * the default: env `https_proxy` or `http_proxy`, by the scheme of the request, then `all_proxy`, each in lower or
   * upper case, except for the hosts that `NO_PROXY` lists.
   *
   * A call of `configure` with `proxy` or `tls` also reads the environment variables for connections again. Requests
   * that have begun are not affected.
   */
  proxy?: string | null
}

/** The attempts of an append. */
export interface RetryOptions {
  /** Maximum number of attempts, an integer from 1. Default: 10. */
  maxAttempts?: number | null
  /** The wait after the first attempt, in milliseconds; it doubles with each further attempt. Default: 500. */
  baseDelayMs?: number | null
  /** Maximum of these waits, in milliseconds. Default: 8000. */
  maxDelayMs?: number | null
}

/** Timeouts in milliseconds; 0 means no timeout. */
export interface TimeoutOptions {
  /** For a connection to be established: DNS, TCP, a proxy's `CONNECT` and TLS. Default: 10 000. */
  connectMs?: number | null
  /**
   * For the response to an append, the wait for one of `limits.maxConcurrentRequests` and connecting included, plus one
   * second for each 64 KiB of entry. Default: 60 000.
   */
  appendMs?: number | null
  /**
   * For the headers of a read, connecting included, and then between two chunks of its body. The whole body may take ten
   * times as long, and one second more for each 4 KiB. Default: 20 000.
   */
  fetchMs?: number | null
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
  ca?: string | string[] | null
  /**
   * The client certificate, for servers that ask for one, followed by its intermediates. Where `cert` or `key` is
   * given, the environment variables for both are ignored. Default: the file that env `CLAUDE_CODE_CLIENT_CERT` names.
   */
  cert?: string | null
  /**
   * The key of `cert`: PKCS#8 (also encrypted, by PBES2 with AES), SEC1 or PKCS#1. Default: the file that env
   * `CLAUDE_CODE_CLIENT_KEY` names.
   */
  key?: string | null
  /**
   * The passphrase of an encrypted key. Default, where the key is that of the environment: env
   * `CLAUDE_CODE_CLIENT_KEY_PASSPHRASE`.
   */
  passphrase?: string | null
}

/** Limits, each an integer from 1. */
export interface LimitOptions {
  /**
   * Maximum number of concurrent requests of the process, over all its JavaScript environments. Reads take at most three
   * quarters of them. Default: 128.
   */
  maxConcurrentRequests?: number | null
  /**
   * Maximum size of the pending entries of this environment as JSON, in bytes: `sessionStats().pendingBytes` never
   * exceeds it. An append that does not fit resolves `false` at once, with the diagnostic
   * `session_persist_fail_queue_full`; so does every entry that is larger than the limit. Default: none.
   */
  maxPendingBytes?: number | null
  /**
   * Maximum size of one response to a reader (of one page, for teleport events), in bytes, both as it is sent and after
   * decompression. The rest of a larger response is not read, and it counts as one of the wrong shape. The limit does
   * not apply to the reads by which an append finds out what is stored: they keep nothing in memory. A call uses the
   * value of the time when it is made. Default: 512 MiB.
   */
  maxResponseBytes?: number | null
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
  signal?: AbortSignalLike | null
  /**
   * Receives the progress of the read: at most about 20 times a second, and once at the end of a read that has a
   * result, before its promise resolves. An error that it throws is ignored.
   */
  onProgress?: ((progress: ReadProgress) => void) | null
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

/** The options of `flush`. */
export interface FlushOptions {
  /** Maximum time to wait, in milliseconds; 0 does not wait. Default: no maximum. */
  timeoutMs?: number | null
  /** The session to wait for. Default: all sessions of this JavaScript environment. */
  sessionId?: string | null
}

/** Counters of the appends of a session, or of all sessions of a JavaScript environment. */
export interface SessionStats {
  /** Appends whose promises have not settled. */
  pending: number
  /** The size of their entries as JSON, in bytes. */
  pendingBytes: number
  /** The uuid of the last entry known to be on the server; `null` where there is none, and for all sessions. */
  head: string | null
  /** Appends that resolved `true`. */
  appended: number
  /** Appends that resolved `false`. */
  failed: number
  /** Attempts beyond the first of an append. */
  retries: number
}

/**
 * Appends an entry to a session's remote log.
 *
 * Gets the token, serialises the entry with `JSON.stringify` and queues it, all before it returns. The entries of a
 * session are sent one at a time, in the order of the calls; later changes of the entry have no effect. Different
 * sessions are sent concurrently.
 *
 * Resolves `true` when the server has stored the entry, exactly once. Resolves `false` where there is no token, where
 * the entry cannot be serialised or does not fit `limits.maxPendingBytes`, where no further attempt can help, and when
 * the entry is not known to be stored after `retry.maxAttempts` attempts. Rejects only for errors at the call: with a
 * `TypeError` that names the argument, or with the error that `getSessionIngressAuthToken` threw.
 *
 * @param sessionId the session; its queue and head belong to this JavaScript environment
 * @param entry any object with a `uuid`, a non-empty string without control characters
 * @param url the absolute URL of the log, http or https
 */
export declare function appendSessionLog<T extends TranscriptMessage>(sessionId: string, entry: T, url: string): Promise<boolean>

/** Does for all sessions of this JavaScript environment what `clearSession` does for one. */
export declare function clearAllSessions(): Promise<void>

/**
 * Forgets the head and the queue of a session, before it returns; the promise is already fulfilled.
 *
 * The next append starts a new queue without a head. Entries that were queued are still sent, in order, and their
 * promises settle; the new queue's head is not affected. Rejects with a `TypeError` where `sessionId` is not a string.
 */
export declare function clearSession(sessionId: string): Promise<void>

/**
 * Sets the functions of the host, and limits, for this JavaScript environment.
 *
 * Options are merged with those of earlier calls, at the top and inside `retry`, `timeouts`, `limits` and `tls`: a key
 * that is present replaces the value, `null` or `undefined` restores the default, and an absent key changes nothing.
 * One exception: `proxy: null` means no proxy at all. For an unknown key or a wrong value, throws a `TypeError` that
 * names the key, and applies nothing of the call.
 */
export declare function configure(options: ConfigureOptions): void

/**
 * Waits until no append of this JavaScript environment, or of one session, is pending. For hosts that are about to
 * exit.
 *
 * Resolves `true` as soon as nothing is pending, which may be at once; the promises of all these appends have settled
 * before. Resolves `false` when `timeoutMs` have passed before that; the appends go on. It waits for appends that are
 * begun meanwhile, too, and delays none. For whether the appends succeeded, see their promises and `sessionStats`.
 * Rejects with a `TypeError` for wrong options.
 *
 * @param options `timeoutMs`: default none, 0 does not wait; `sessionId`: default all sessions
 */
export declare function flush(options?: FlushOptions | null): Promise<boolean>

/**
 * Reads the whole log of a session, or the entries since its last compaction where env `CLAUDE_AFTER_LAST_COMPACT` is
 * `1`, `true`, `yes` or `on`. The uuid of the last entry becomes the session's head.
 *
 * Resolves the entries in order, `[]` where the server has no log, and `null` where the log could not be read (no
 * token, an expired token, no response, a wrong shape). Rejects with a `TypeError` for wrong arguments, with the
 * error that `getSessionIngressAuthToken` threw, and with the reason of `options.signal`.
 *
 * @param sessionId the session whose head is set
 * @param url the absolute URL of the log, http or https
 * @param options `signal` cancels the read, `onProgress` receives its progress
 */
export declare function getSessionLogs<T = Entry>(sessionId: string, url: string, options?: ReadOptions | null): Promise<T[] | null>

/**
 * Reads the log of a session with an OAuth token, from the server that `getOauthConfig` names. The session's head does
 * not change.
 *
 * Resolves as `getSessionLogs` does. Rejects with a `TypeError` for wrong arguments, with the error that
 * `getOauthConfig` or `getOAuthHeaders` threw, and with the reason of `options.signal`.
 *
 * @param sessionId the session, as the server's URLs name it
 * @param accessToken the OAuth token, passed to `getOAuthHeaders`
 * @param orgUUID the organization, sent as the header `x-organization-uuid`
 * @param options `signal` cancels the read, `onProgress` receives its progress
 */
export declare function getSessionLogsViaOAuth<T = Entry>(sessionId: string, accessToken: string, orgUUID: string, options?: ReadOptions | null): Promise<T[] | null>

/**
 * Reads the events of a teleported session, page by page: at most 100 pages of 1000 events.
 *
 * Resolves their payloads in order, and `null` where the session has no events or they could not be read; hosts then
 * fall back to the session's log. Rejects after a 401 with an `Error` that asks the user to log in again, with a
 * `TypeError` for wrong arguments, with the error that `getOauthConfig` or `getOAuthHeaders` threw, and with the
 * reason of `options.signal`.
 *
 * @param sessionId the session, as the server's URLs name it
 * @param accessToken the OAuth token, passed to `getOAuthHeaders`
 * @param orgUUID the organization, sent as the header `x-organization-uuid`
 * @param options `signal` cancels the read, `onProgress` receives its progress
 */
export declare function getTeleportEvents<T = Entry>(sessionId: string, accessToken: string, orgUUID: string, options?: ReadOptions | null): Promise<T[] | null>

/**
 * Counters of the appends of one session, or of all sessions of this JavaScript environment since the addon was loaded
 * into it.
 *
 * Returns at once. The counters of an unknown session are zero. Throws a `TypeError` where `sessionId` is given and
 * not a string.
 *
 * Clearing a session resets its counters, except `pending` and `pendingBytes`, because queued entries are still sent.
 * The counters of all sessions are never reset.
 */
export declare function sessionStats(sessionId?: string): SessionStats
