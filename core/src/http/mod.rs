//! Requests and responses: the one place that knows how bytes reach a server.
//!
//! - [`Client`] sends requests, over connections that the whole process shares; `connect` and `proxy` say how these are
//!   made, `tls` whom they trust.
//! - [`Settings`] tell one client from another; each comes from `configure` or the environment.
//! - [`concurrency_limit`] bounds how many requests are in flight.
//! - `body`: bodies of responses, timed, decompressed and limited. `redirect`: where a response leads.
//!
//! Nothing here knows sessions, entries or heads.

mod body;
mod causes;
mod client;
mod concurrency;
mod config;
mod connect;
mod error;
mod headers;
mod message;
mod proxy;
mod reason;
mod redirect;
mod secret;
#[cfg(test)]
mod tests;
mod tls;

pub use client::Client;
pub use concurrency::{DEFAULT_MAX_CONCURRENT_REQUESTS, Share, concurrency_limit};
pub use config::{NetworkOptions, ProxyOption, Settings};
pub use error::{Error, Timeout};
pub use headers::Headers;
pub use message::{Body, Request, Response, Transport, discard};
pub use proxy::check_proxy_url;
pub use reason::Reason;
pub use secret::Secret;
pub use tls::{check_certificates, check_private_key};
