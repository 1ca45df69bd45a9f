//! The request of a server for a client certificate.
//!
//! A server that misses one often says no more than that the handshake failed, and says the same where it has no
//! cipher in common with the client.

use std::cell::Cell;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;

tokio::task_local! {
    static ASKED: Cell<bool>;
}

/// Runs handshakes; true where a server asked for a client certificate in one of them.
pub(in crate::http) async fn note_client_auth<T>(handshakes: impl Future<Output = T>) -> (T, bool) {
    let noting = async {
        let done = handshakes.await;
        (done, ASKED.with(Cell::get))
    };
    ASKED.scope(Cell::new(false), noting).await
}

/// Shows the client certificate that there is, and notes that it was asked for.
#[derive(Debug)]
pub(super) struct ClientAuth(pub(super) Option<Arc<CertifiedKey>>);

impl ResolvesClientCert for ClientAuth {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        // Outside of a scope nobody wants to know.
        ASKED.try_with(|asked| asked.set(true)).ok();
        self.0.clone()
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}
