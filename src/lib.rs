//! session-ingress: a Node-API addon that appends the entries of coding-agent sessions to remote logs, and
//! reads those logs back.
//!
//! The crate `session_ingress_core` makes all decisions. This crate does what only the JavaScript thread can do, and is
//! the only one that names napi. Imports run one way, from the top of this list to its bottom:
//!
//! - `exports`: the exported functions of the package, one file each.
//! - `delivery`: delivers the messages of operations on the JavaScript thread.
//! - `instance`: options, sessions, connections and a channel; the begin and the end of operations.
//! - `operations`: pending operations, and what they wait for.
//! - `environment`: one JavaScript thread: what its instances share.
//! - `configure`: reads and checks options.
//! - `channel`: the messages from the runtime to the JavaScript thread, and the completion of operations.
//! - `globals`: `JSON`, `Map` and `setImmediate` of the environment, and realms. `rejection`: why a call is refused.
//! - `js`: JavaScript values. All `unsafe` code of the package.

mod channel;
mod configure;
mod delivery;
mod environment;
mod exports;
mod globals;
mod instance;
mod js;
mod operations;
mod rejection;
