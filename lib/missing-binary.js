// Used only where no binary could be loaded: says so in one error that can be acted upon.

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

/** @typedef {Error & { code?: string }} Attempt an error of the loader */

/**
 * The error to throw. Its cause is that of the attempt that came nearest.
 *
 * @param {{ errors: Attempt[], target: string, isBundled?: boolean }} failure the attempts in order, and what was looked for
 * @returns {Error & { code: string }}
 */
module.exports = function missingBinary({ errors, target, isBundled = false }) {
  const refused = errors.find((error) => !isNotFound(error))
  const { code, advice } = judge(refused, target, isBundled)
  // Node adds the list of modules that required it.
  const attempts = new Set(errors.map(({ message }) => message.split('\n')[0]))
  const lines = [
    `session-ingress has no native binary that it can load on ${target} (${runtime()}).`,
    'Looked for:',
    ...[...attempts].map((attempt) => `  - ${attempt}`),
    `What to do: ${advice}`,
  ]
  return Object.assign(new Error(lines.join('\n'), { cause: refused ?? errors[0] }), { code })
}

/**
 * A bundle that is an ES module has no `require`, or a substitute that only throws.
 *
 * @param {Attempt} error
 */
function isNotFound({ code, message }) {
  return (
    code === 'MODULE_NOT_FOUND' || /^(cannot find (module|package)|require is not|(could not )?dynamic)/i.test(message)
  )
}

function runtime() {
  // Bun and Deno name a version of Node, too.
  const name = ['bun', 'deno', 'node'].find((name) => name in process.versions)
  return `${name} ${process.versions[name ?? '']}`
}

/** @param {Attempt | undefined} refused @param {string} target @param {boolean} isBundled */
function judge(refused, target, isBundled) {
  if (refused?.code === 'ERR_DLOPEN_DISABLED') {
    return {
      code: 'ERR_SESSION_INGRESS_ADDONS_DISABLED',
      advice:
        'Node was told not to load native addons, and session-ingress is one. Start Node without --no-addons; under the ' +
        'permission model, with --allow-addons.',
    }
  }
  if (refused?.code === 'ERR_ACCESS_DENIED') {
    return {
      code: 'ERR_SESSION_INGRESS_ACCESS_DENIED',
      advice:
        `Node's permission model keeps the binary from being read: add --allow-fs-read= with the folder of ` +
        `session-ingress and that of session-ingress-${target}.`,
    }
  }
  if (process.env.NAPI_RS_NATIVE_LIBRARY_PATH) {
    return {
      code: refused ? 'ERR_SESSION_INGRESS_BINARY_REFUSED' : 'ERR_SESSION_INGRESS_BINARY_NOT_FOUND',
      advice:
        'the environment variable NAPI_RS_NATIVE_LIBRARY_PATH has to name a binary of this platform, or to be unset.',
    }
  }
  if (refused !== undefined) {
    return {
      code: 'ERR_SESSION_INGRESS_BINARY_REFUSED',
      advice:
        'a binary is there, but the system refuses to load it, for the reason above. The ones for glibc need glibc 2.28 ' +
        'or newer.',
    }
  }
  if (!SUPPORTED.includes(target)) {
    return {
      code: 'ERR_SESSION_INGRESS_UNSUPPORTED_PLATFORM',
      advice:
        `there are binaries for ${SUPPORTED.join(', ')}. For another platform, build one from the sources with Rust ` +
        '(`npm run build`) and name it in the environment variable NAPI_RS_NATIVE_LIBRARY_PATH.',
    }
  }
  if (isBundled) {
    return {
      code: 'ERR_SESSION_INGRESS_BINARY_NOT_FOUND',
      advice:
        `this is a bundle, and the binary is not in it. Put session-ingress.${target}.node of the package ` +
        `session-ingress-${target} beside it, have the bundler copy files *.node, or leave session-ingress out of the ` +
        'bundle: docs/shipping.md of session-ingress has a recipe for each bundler.',
    }
  }
  return {
    code: 'ERR_SESSION_INGRESS_BINARY_NOT_FOUND',
    advice:
      'install session-ingress again on this platform, with optional dependencies (not with --omit=optional): its package ' +
      `session-ingress-${target} holds the binary. A node_modules folder or a lock file that was made on another platform ` +
      'may lack it: remove both first.',
  }
}
