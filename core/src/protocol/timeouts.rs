//! Timeouts of requests.

use std::time::Duration;

use crate::http::Timeout;

/// Timeouts of requests; `None` is no limit. The defaults are those of specification.md, section 2.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timeouts {
    /// For a connection to be established: DNS, TCP, a proxy's `CONNECT` and TLS. Default: 10 seconds.
    pub connect: Option<Duration>,
    /// For the response to a PUT, the wait for a permit included, plus one second for each 64 KiB of body. Default: 60
    /// seconds.
    pub append: Option<Duration>,
    /// For the headers of a read, and then between two chunks of its body. The body, or a search in the log, may take
    /// ten times as long in all. Default: 20 seconds.
    pub fetch: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Some(Duration::from_secs(10)),
            append: Some(Duration::from_secs(60)),
            fetch: Some(Duration::from_secs(20)),
        }
    }
}

impl Timeouts {
    pub(super) fn append_limit(&self, body: usize) -> Option<Timeout> {
        let extra = Duration::from_secs(body as u64 / (64 * 1024));
        let duration = self.append?.saturating_add(extra);
        Some(Timeout { name: "appendMs", duration })
    }

    pub(super) fn fetch_limit(&self) -> Option<Timeout> {
        Some(Timeout { name: "fetchMs", duration: self.fetch? })
    }

    pub(super) fn search_limit(&self) -> Option<Timeout> {
        Some(Timeout { name: "fetchMs", duration: self.fetch?.saturating_mul(10) })
    }
}
