//! Requests that a proxy is handed whole: those to http servers.
//!
//! Some proxies (tinyproxy) close each connection behind its answer, and do not say so in the answer. Every
//! other request would be written to a connection that is as good as closed, and be lost. Once one was lost,
//! each has a connection of its own, for a while: it may have been an accident, at a proxy that keeps them.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::Client;
use reqwest::header::{CONNECTION, HeaderValue};
use tokio::time::Instant;

/// So long no connection is used again: one lost request in this time is what it costs to find out.
const APART: Duration = Duration::from_secs(5 * 60);

/// What is known about the proxy that requests are handed to.
pub(super) struct Forwarding {
    /// Keeps no connections.
    alone: Client,
    // A std mutex: it is held for an instruction, never across an await.
    lost: Mutex<Option<Instant>>,
}

impl Forwarding {
    pub(super) fn new(alone: Client) -> Self {
        Self { alone, lost: Mutex::default() }
    }

    /// What sends `request` over a connection of its own, where that is wise.
    pub(super) fn client(&self, request: &mut reqwest::Request) -> Option<&Client> {
        let lost = *self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        if lost?.elapsed() >= APART {
            return None;
        }
        request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        Some(&self.alone)
    }

    /// A request was lost over a connection that may have been used before.
    pub(super) fn lost(&self) {
        *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requests_are_apart_for_a_while_after_one_was_lost() {
        let provider = rustls::crypto::ring::default_provider();
        let tls = rustls::ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let client = Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap();
        let forwarding = Forwarding::new(client);
        let mut request = reqwest::Request::new(reqwest::Method::GET, "http://a.test".parse().unwrap());
        assert!(forwarding.client(&mut request).is_none() && request.headers().is_empty());
        forwarding.lost();
        assert!(forwarding.client(&mut request).is_some());
        assert_eq!(request.headers()[CONNECTION], "close");
        tokio::time::advance(APART).await;
        assert!(forwarding.client(&mut request).is_none());
    }
}
