// The default instance as it was when it was loaded.

/** Each key of `configure`, with what restores its default. @type {Required<import('../../index.js').ConfigureOptions>} */
const DEFAULTS = {
  getSessionIngressAuthToken: null,
  getOauthConfig: null,
  getOAuthHeaders: null,
  logForDebugging: null,
  logForDiagnosticsNoPII: null,
  logError: null,
  headers: null,
  retry: null,
  timeouts: null,
  limits: null,
  outbox: null,
  tls: null,
  // `null` would be no proxy at all.
  proxy: /** @type {any} */ (undefined),
}

function reset() {
  // Not sooner: a server alone needs no binary.
  /** @type {typeof import('../../index.js') & { reopen: () => void }} */
  const { clearAllSessions, configure, reopen } = require('../binding.js')
  reopen()
  configure(DEFAULTS)
  void clearAllSessions()
}

module.exports = { reset }
