// Errors that the user of the command line can mend.

/** An error that the user can mend: it is shown without a stack. */
class UserError extends Error {}

/** One of the command line itself. */
class UsageError extends UserError {}

module.exports = { UsageError, UserError }
