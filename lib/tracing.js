// Loaded with the first append or read: what they come to, for whoever subscribes in Node's diagnostics_channel.

/**
 * @typedef {typeof import('node:diagnostics_channel')} DiagnosticsChannel
 * @param {DiagnosticsChannel} diagnosticsChannel
 */
module.exports = function tracing({ tracingChannel }) {
  // Node has it from 18.19 on.
  if (typeof tracingChannel !== 'function') return undefined

  /** @param {string} name */
  function trace(name) {
    const { start, end, asyncStart, asyncEnd, error } = tracingChannel(`session-ingress:${name}`)
    return {
      isWanted: () => asyncEnd.hasSubscribers || start.hasSubscribers || error.hasSubscribers,
      /** @param {object} context */
      begin: (context) => start.publish(context),
      /** @param {object} context */
      called: (context) => end.publish(context),
      /** @param {{ error?: unknown }} context */
      settled(context) {
        if (context.error !== undefined) error.publish(context)
        asyncStart.publish(context)
        asyncEnd.publish(context)
      },
    }
  }

  return { append: trace('append'), read: trace('read') }
}
