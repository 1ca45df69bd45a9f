//! session-ingress: a Node-API addon that appends the entries of coding-agent sessions to remote logs, and
//! reads those logs back.
//!
//! # Layout
//!
//! Imports run one way: `binding → ingress → http`.
//!
//! - [`binding`]: the JavaScript side. The exported functions, the host's bindings and options, V8's JSON,
//!   and the one channel by which results reach the JavaScript thread. The only place that names napi.
//! - [`ingress`]: the core. Queues and heads, attempts and conflicts, logs and teleport events.
//! - [`http`]: requests and answers. Connections, redirects, trust, proxies, limits.
//! - [`test_hooks`]: panics on demand, in builds for tests alone.
//! - [`sync`]: locks and atomics, by one name for the addon and for the models of `tests/model`.
// In a test build napi's macro exports nothing, and so nothing calls the core but its tests.
#![cfg_attr(test, allow(dead_code))]

mod binding;
#[cfg(test)]
mod fuzz;
mod http;
mod ingress;
mod sync;
mod test_hooks;
