//! session-ingress: a Node-API addon that appends the entries of coding-agent sessions to remote logs, and
//! reads those logs back.
//!
//! What decides is the crate `session_ingress_core`. Here is what only the JavaScript thread can do, and the only
//! place that names napi. Imports run one way, from the rooms below in this list to those above:
//!
//! - `exports`: the functions of the package, a file each.
//! - `delivery`: what operations have for JavaScript, delivered on its thread.
//! - `environment`: one JavaScript thread: its channel, its pending operations, V8's JSON.
//! - `channel`: what goes from the runtime to that thread, and how an operation ends.
//! - `instance`: what `configure` configures: options, sessions, connections.
//! - `configure`: reading and checking options.
//! - `js`: JavaScript values. All `unsafe` code of the package.

mod channel;
mod configure;
mod delivery;
mod environment;
mod exports;
mod instance;
mod js;
