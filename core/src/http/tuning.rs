//! How connections are kept and used.

use std::time::Duration;

use reqwest::ClientBuilder;

use super::connects::BoundConnects;
use super::gate::DEFAULT_MAX_CONCURRENT_REQUESTS;

/// Which versions of HTTP are offered to servers.
#[derive(Clone, Copy)]
pub(super) enum Versions {
    /// HTTP/2 where the server has it.
    All,
    Http1,
}

impl Versions {
    /// What is offered in a TLS handshake, the preferred first.
    pub(super) fn alpn(self) -> Vec<Vec<u8>> {
        const ALL: [&[u8]; 2] = [b"h2", b"http/1.1"];
        let offered = match self {
            Self::All => &ALL[..],
            Self::Http1 => &ALL[1..],
        };
        offered.iter().map(|name| name.to_vec()).collect()
    }
}

/// As many as fit into the 16 KiB that Node takes, or nearly; hyper's own limit is 100.
const MAX_HEADERS: usize = 512;

/// Idle connections to a host: fewer would be closed and made anew in every round of many sessions.
pub(super) const MAX_IDLE: usize = DEFAULT_MAX_CONCURRENT_REQUESTS;
/// Below the minute after which common load balancers close a connection.
const IDLE: Duration = Duration::from_secs(50);

/// What may be on its way in a stream: at 100 ms of latency, some 160 MB a second.
const STREAM_WINDOW: u32 = 16 * 1024 * 1024;
const CONNECTION_WINDOW: u32 = 64 * 1024 * 1024;

/// A connection that carries requests, and brings nothing for so long, is asked for a sign of life.
const PING_AFTER: Duration = Duration::from_secs(10);
/// Longer than a request's body can keep the question waiting in the buffers of a slow line.
const PONG_WITHIN: Duration = Duration::from_secs(20);

pub(super) fn tune(builder: ClientBuilder, max_idle: usize) -> ClientBuilder {
    builder
        .http1_max_headers(MAX_HEADERS)
        .http2_initial_stream_window_size(STREAM_WINDOW)
        .http2_initial_connection_window_size(CONNECTION_WINDOW)
        .http2_keep_alive_interval(PING_AFTER)
        .http2_keep_alive_timeout(PONG_WITHIN)
        .http2_keep_alive_while_idle(false)
        .pool_max_idle_per_host(max_idle)
        .pool_idle_timeout(IDLE)
        .connector_layer(BoundConnects::default())
}

#[cfg(test)]
#[path = "tuning_tests.rs"]
mod tests;
