// Loaded only where NODE_DEBUG is set: debug lines go where Node's own go, in the same shape.

const { debuglog } = require('node:util')

const log = debuglog('session-ingress')

/** @param {{ setDebugLog: (log: (line: string) => void) => void }} binding */
module.exports = function debugThroughNode(binding) {
  // Bun says nothing about whether it is enabled.
  if (log.enabled !== false) binding.setDebugLog((line) => log('%s', line))
}
