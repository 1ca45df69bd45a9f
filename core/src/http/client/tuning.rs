//! Settings of connections: how they are kept and used.

use std::time::Duration;

use reqwest::ClientBuilder;

use crate::http::concurrency::DEFAULT_MAX_CONCURRENT_REQUESTS;

/// The protocol that is offered to servers in a TLS handshake, the only one.
pub(super) const ALPN: &[u8] = b"http/1.1";

/// Maximum number of headers of a response: as many as Node keeps. hyper's own limit is 100.
const MAX_HEADERS: usize = 2000;

/// Idle connections to a host: fewer would be closed and made anew in every round of many sessions.
const MAX_IDLE: usize = DEFAULT_MAX_CONCURRENT_REQUESTS;
/// Below the minute after which common load balancers close a connection.
const IDLE: Duration = Duration::from_secs(50);

pub(super) fn tune(builder: ClientBuilder) -> ClientBuilder {
    builder.http1_max_headers(MAX_HEADERS).pool_max_idle_per_host(MAX_IDLE).pool_idle_timeout(IDLE)
}
