// Loaded only where it is in doubt which C library the process has. Files do not say: there may be those of both.

/**
 * The C library of this process, by its own report.
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
  return undefined
}
