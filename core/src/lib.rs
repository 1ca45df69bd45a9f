//! The core of session-ingress: appends the entries of coding-agent sessions to remote logs, and reads those
//! logs back. All decisions are made here, in plain async Rust. The core knows no JavaScript: no napi, no V8.
//!
//! Imports run one way, from the top of this list to its bottom:
//!
//! - [`append`]: one entry, attempt by attempt: conflicts, entries in doubt, backoff.
//! - [`read`]: reads of a session's log, and of pages of teleport events.
//! - [`session`]: heads, queues and counters of sessions.
//! - [`protocol`]: the requests, and the uuids of entries.
//! - [`report`]: log lines, diagnostics and errors for the host, and the request for its token.
//! - [`delivery`]: entries that are kept until the server has them, try by try.
//! - [`outbox`]: a folder that keeps entries until the server has them.
//! - [`json`]: entries and fields cut out of JSON as text.
//! - [`http`]: requests and responses. Connections, redirects, trust, proxies, limits.
//! - [`runtime`]: the tokio runtime of the process.
//! - [`channel`]: an ordered channel to another thread.
//! - [`mod@panic`], `sync`, [`test_hooks`]: small helpers of all of the above.

pub mod append;
pub mod channel;
pub mod delivery;
pub mod http;
pub mod json;
pub mod outbox;
pub mod panic;
pub mod protocol;
pub mod read;
pub mod report;
pub mod runtime;
pub mod session;
mod sync;
pub mod test_hooks;
#[cfg(test)]
mod testing;
