//! Requests that a proxy is handed whole: those to http servers.
//!
//! Some proxies (tinyproxy) close each connection behind its answer, and do not say so in the answer. Every
//! other request would be written to a connection that is as good as closed, and be lost. Once one was lost,
//! each has a connection of its own.

use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::Client;
use reqwest::header::{CONNECTION, HeaderValue};

/// What is known about the proxy that requests are handed to.
pub(super) struct Forwarding {
    /// Keeps no connections.
    alone: Client,
    closes: AtomicBool,
}

impl Forwarding {
    pub(super) fn new(alone: Client) -> Self {
        Self { alone, closes: AtomicBool::new(false) }
    }

    /// What sends `request` over a connection of its own, where that is wise.
    pub(super) fn client(&self, request: &mut reqwest::Request) -> Option<&Client> {
        if !self.closes.load(Ordering::Relaxed) {
            return None;
        }
        request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        Some(&self.alone)
    }

    /// A request was lost over a connection that may have been used before.
    pub(super) fn lost(&self) {
        self.closes.store(true, Ordering::Relaxed);
    }
}
