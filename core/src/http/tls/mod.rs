//! TLS: the servers that a client trusts, and the certificate that it shows.
//!
//! - `roots`: the authorities. `verifier`: the check of a server's certificate. `certificate`: what stands in one.
//! - `identity`: the client certificate. `client_auth`: whether a server asked for it.
//! - `pem`: certificates and keys in PEM text. `pem_blocks`: its layout.
//! - `messages`: errors of handshakes as messages to act on.

mod certificate;
mod client_auth;
mod identity;
mod messages;
mod pem;
mod pem_blocks;
mod roots;
#[cfg(test)]
mod tests;
mod verifier;

use std::sync::Arc;

use rustls::{ClientConfig, Error};

use crate::http::config::TlsSettings;
use client_auth::ClientAuth;

pub(super) use client_auth::note_client_auth;
pub(super) use messages::{broken_off, handshake_failure, perhaps_refused};
use pem::Unusable;
pub use pem::{check_certificates, check_private_key};

/// The configuration of a client, and why its certificate was left out, where it was.
pub(super) struct ClientTls {
    pub(super) config: ClientConfig,
    pub(super) unusable_identity: Option<String>,
    /// False where a file could not be read for a reason that may pass.
    pub(super) is_complete: bool,
}

/// Reads files and, `with_store`, the operating system's store. A file that cannot be used is left out with a warning.
/// The caller sets the protocols that are offered.
pub(super) fn client_tls(
    settings: &TlsSettings,
    with_store: bool,
    warn: &mut impl FnMut(String),
) -> Result<ClientTls, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let mut is_complete = true;
    let builder =
        builder.dangerous().with_custom_certificate_verifier(if settings.danger_accept_invalid_certs {
            warn("NODE_TLS_REJECT_UNAUTHORIZED is 0: the certificates of servers are not checked".into());
            verifier::accept_any(&provider)
        } else {
            let roots = roots::load(with_store.then_some(&settings.store), settings.ca.as_ref(), warn);
            is_complete = roots.is_complete;
            verifier::check(roots.store, roots.extra, provider.clone())?
        });
    let (certified, unusable_identity) =
        match settings.identity.as_ref().map(|it| identity::load(it, &provider)) {
            None => (None, None),
            Some(Ok(certified)) => (Some(Arc::new(certified)), None),
            // Most servers do not ask: a variable that was left behind must not keep a user from them.
            Some(Err(Unusable { why, is_passing })) => {
                is_complete &= !is_passing;
                warn(format!("The client certificate cannot be used: {why}"));
                (None, Some(format!("the client certificate cannot be used: {why}")))
            }
        };
    let config = builder.with_client_cert_resolver(Arc::new(ClientAuth(certified)));
    Ok(ClientTls { config, unusable_identity, is_complete })
}
