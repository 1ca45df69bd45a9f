//! The core of session-ingress: appends the entries of coding-agent sessions to remote logs, and reads those
//! logs back. It decides everything, in plain async Rust, and knows no JavaScript: no napi, no V8.
//!
//! Imports run one way, from the rooms below in this list to those above:
//!
//! - [`append`]: one entry, attempt by attempt: conflicts, doubt, waits.
//! - [`read`]: a session's log, and pages of teleport events.
//! - [`session`]: heads, queues and figures of sessions.
//! - [`protocol`]: the requests, and how entries are named.
//! - [`report`]: what an operation tells its host, and asks of it.
//! - [`json`]: entries and fields cut out of JSON as text.
//! - [`http`]: requests and responses. Connections, redirects, trust, proxies, limits.
//! - [`channel`]: the near end of the ordered way to another thread.
//! - [`runtime`], [`panic`], [`sync`](mod@sync), [`test_hooks`]: what all of them stand on.

pub mod append;
pub mod channel;
pub mod http;
pub mod json;
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
