// Loaded only where NODE_DEBUG is set: debug lines go where Node's own go, in the same shape.

/**
 * @param {{ setDebugLog: (log: (line: string) => void) => void }} binding
 * @param {typeof import('node:util').debuglog} debuglog
 */
module.exports = function debugThroughNode(binding, debuglog) {
  const log = debuglog('session-ingress')
  // Bun says nothing about whether it is enabled.
  if (log.enabled !== false) binding.setDebugLog((line) => log('%s', line))
}
