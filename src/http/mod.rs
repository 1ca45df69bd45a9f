//! Requests and answers: the one place that knows how bytes reach a server.
//!
//! - [`Client`] sends, over connections that the whole process shares.
//! - [`Settings`] is what a client is made of: trust, proxies, the connect timeout.
//! - [`Gate`] bounds how many requests are under way.
//!
//! Nothing here knows sessions, entries or heads.

mod allowance;
mod body;
mod client;
mod connects;
mod exchange;
mod failure;
mod gate;
mod message;
mod proxy;
mod redirect;
mod repeat;
mod sending;
mod settings;
mod tick;
mod trust;
mod tuning;

pub(crate) use client::Client;
pub(crate) use gate::{DEFAULT_MAX_CONCURRENT_REQUESTS, gate};
pub(crate) use message::{Body, Failure, Limit, Request, Response, Transport, discard};
pub(crate) use settings::Settings;
