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
   * once more after a 401 of an append, which is repeated where the token is another one.
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
  /** Limits of the process, over all its JavaScript environments. */
  limits?: LimitOptions | null
}

export interface RetryOptions {
  /** Attempts in all, an integer from 1. Default: 10. */
  maxAttempts?: number | null
  /** The wait after the first attempt, in milliseconds; it doubles with each further one. Default: 500. */
  baseDelayMs?: number | null
  /** The longest such wait, in milliseconds. Default: 8000. */
  maxDelayMs?: number | null
}

/** Times in milliseconds; 0 is no limit. */
export interface TimeoutOptions {
  /** For a connection to stand, TLS included. Default: 10 000. */
  connectMs?: number | null
  /** For an append to be answered, plus one second for each 64 KiB of entry. Default: 60 000. */
  appendMs?: number | null
  /** For a read's headers to come, and then between two chunks of its body. Default: 20 000. */
  fetchMs?: number | null
}

export interface LimitOptions {
  /** Requests under way at once in the process, an integer from 1. Default: 128. */
  maxConcurrentRequests?: number | null
}
