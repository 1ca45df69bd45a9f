// Loaded only where no binary could be loaded: says so in one error that can be acted upon.

const SUPPORTED = [
  'linux-x64-gnu',
  'linux-arm64-gnu',
  'linux-x64-musl',
  'linux-arm64-musl',
  'darwin-x64',
  'darwin-arm64',
  'win32-x64-msvc',
  'win32-arm64-msvc',
]

/**
 * What to throw instead of the error of napi's loader, which is its cause.
 *
 * @param {Error & { cause?: unknown }} error its causes are the attempts, the last one first
 * @returns {Error}
 */
module.exports = function missingBinary(error) {
  const attempts = attemptsOf(error)
  const platform = platformOf(attempts)
  const lines = [
    `session-ingress has no native binary that it can load on ${platform} (${runtime()}).`,
    'Looked for:',
    ...attempts.map((attempt) => `  - ${attempt}`),
    `What to do: ${advice(attempts, platform)}`,
  ]
  return Object.assign(new Error(lines.join('\n')), { cause: error })
}

/** @param {Error & { cause?: any }} error */
function attemptsOf(error) {
  const attempts = []
  for (let cause = error.cause; cause instanceof Error; cause = /** @type {any} */ (cause).cause) {
    // Node adds the list of modules that required it. There is no build for WebAssembly, whatever napi tries.
    const [attempt] = cause.message.split('\n')
    if (!attempt.includes('wasi')) attempts.unshift(attempt)
  }
  return attempts.length > 0 ? attempts : [error.message]
}

/** As the loader names it: whether the C library is glibc or musl, it alone knows. @param {string[]} attempts */
function platformOf(attempts) {
  const plain = `${process.platform}-${process.arch}`
  const [name] = attempts.join('\n').match(new RegExp(`\\b${plain}(-\\w+)?\\b`)) ?? [plain]
  return name
}

function runtime() {
  // Bun and Deno name a version of Node, too.
  const name = ['bun', 'deno', 'node'].find((name) => name in process.versions)
  return `${name} ${process.versions[name ?? '']}`
}

/** @param {string[]} attempts @param {string} platform */
function advice(attempts, platform) {
  if (attempts.some((attempt) => attempt.includes('loading addons is disabled'))) {
    return 'allow native addons: start Node without --no-addons, and with --allow-addons where it has a permission model.'
  }
  if (process.env.NAPI_RS_NATIVE_LIBRARY_PATH) {
    return 'the environment variable NAPI_RS_NATIVE_LIBRARY_PATH has to name a binary of this platform, or to be unset.'
  }
  if (!SUPPORTED.includes(platform)) {
    return (
      `there are binaries for ${SUPPORTED.join(', ')}. For another platform, build one from the sources ` +
      'with Rust (`npm run build`) and name it in the environment variable NAPI_RS_NATIVE_LIBRARY_PATH.'
    )
  }
  if (attempts.every((attempt) => /cannot find (module|package)/i.test(attempt))) {
    return (
      `install session-ingress again on this platform, with optional dependencies (not with --omit=optional): ` +
      `its package session-ingress-${platform} holds the binary. A node_modules folder or a lock file that was ` +
      'made on another platform may lack it: remove both first.'
    )
  }
  return (
    'a binary is there, but the system refuses to load it, for the reason above. The ones for glibc need ' +
    'glibc 2.28 or newer.'
  )
}
