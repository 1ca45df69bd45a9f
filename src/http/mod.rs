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
mod error;
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
mod secret;
mod sending;
mod settings;
mod tls;
mod tuning;

pub(crate) use client::Client;
pub(crate) use error::{Failure, Limit};
pub(crate) use gate::{DEFAULT_MAX_CONCURRENT_REQUESTS, gate};
pub(crate) use headers::Headers;
pub(crate) use message::{Body, Request, Response, Transport, discard};
pub(crate) use proxy::check_proxy_url;
pub(crate) use secret::Secret;
pub(crate) use settings::{NetworkOptions, ProxyOption, Settings};
pub(crate) use tls::{check_certificates, check_private_key};
