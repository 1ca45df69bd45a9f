// Loaded only where it is in doubt which C library the process has. Files do not say: there may be those of both.

/**
 * The C library of this process, by its own report or, where that is silent as Bun's is, by what is mapped into it.
 *
 * @returns {'glibc' | 'musl' | undefined} undefined: it does not say
 */
module.exports = function readLibc() {
  /** @type {any} */
  const report = process.report
  try {
    const { excludeNetwork } = report
    try {
      // Else it looks up a name for the address of each connection.
      report.excludeNetwork = true
      const { header, sharedObjects } = report.getReport()
      if (header.glibcVersionRuntime) return 'glibc'
      if (sharedObjects.some((/** @type {string} */ path) => /\/(ld-musl-|libc\.musl-)/.test(path))) return 'musl'
    } finally {
      report.excludeNetwork = excludeNetwork
    }
  } catch {
    // A runtime without reports.
  }
  try {
    // No `require`: this file becomes part of bundles that have none.
    const maps = process.getBuiltinModule('node:fs').readFileSync('/proc/self/maps', 'utf8')
    if (/\/ld-musl-/.test(maps)) return 'musl'
    if (/\/libc(-[\d.]+\.so|\.so\.6)$/m.test(maps)) return 'glibc'
  } catch {
    // A runtime that has no such function, or may not read the file.
  }
  return undefined
}
