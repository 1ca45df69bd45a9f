//! Requests and answers: the one place that knows how bytes reach a server.
//!
//! - [`Client`] sends, over connections that the whole process shares.
//! - [`Settings`] is what a client is made of: trust, proxies, the connect timeout. `build` makes it of that,
//!   by `tls`, `proxy` and `no_proxy`. `explain` says why no connection comes to stand.
//! - [`Gate`] bounds how many requests are under way.
//!
//! Nothing here knows sessions, entries or heads.

mod allowance;
mod body;
mod build;
mod client;
mod connects;
mod exchange;
mod explain;
mod failure;
#[cfg(test)]
mod fuzz;
mod gate;
mod headers;
mod message;
mod no_proxy;
#[cfg(test)]
mod no_proxy_fuzz;
mod proxy;
mod redirect;
mod repeat;
mod secret;
mod sending;
mod settings;
mod tls;
mod tuning;

pub use client::Client;
pub use gate::{DEFAULT_MAX_CONCURRENT_REQUESTS, gate as concurrency_limit};
pub use headers::Headers;
pub use message::{Body, Failure, Limit, Request, Response, Transport, discard};
pub use proxy::check_proxy_url;
pub use secret::Secret;
pub use settings::{NetworkOptions, ProxyOption, Settings};
pub use tls::{check_certificates, check_private_key};
