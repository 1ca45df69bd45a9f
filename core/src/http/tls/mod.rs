//! TLS: the servers that a client trusts, and the certificate that it shows.
//!
//! - `roots`: the authorities. `verifier`: the check of a server's certificate.
//! - `identity`: the client certificate. `pem`: certificates and keys in PEM text.
//! - `messages`: errors of handshakes as messages to act on.

mod identity;
mod messages;
mod pem;
mod roots;
mod verifier;

use std::sync::Arc;

use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, Error};

use crate::http::config::TlsSettings;

pub(super) use messages::handshake_failure;
pub use pem::{check_certificates, check_private_key};

/// The configuration of a client, and why its certificate was left out, where it was.
pub(super) struct ClientTls {
    pub(super) config: ClientConfig,
    pub(super) unusable_identity: Option<String>,
}

/// Reads files, and the operating system's store. A file that cannot be used is left out with a warning. The caller
/// sets the protocols that are offered.
pub(super) fn client_tls(settings: &TlsSettings, warn: &mut impl FnMut(String)) -> Result<ClientTls, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let builder =
        builder.dangerous().with_custom_certificate_verifier(if settings.danger_accept_invalid_certs {
            warn("NODE_TLS_REJECT_UNAUTHORIZED is 0: the certificates of servers are not checked".into());
            verifier::accept_any(&provider)
        } else {
            let (roots, extra) = roots::load(&settings.store, settings.ca.as_ref(), warn);
            verifier::check(roots, extra, provider.clone())?
        });
    let Some(identity) = &settings.identity else {
        return Ok(ClientTls { config: builder.with_no_client_auth(), unusable_identity: None });
    };
    Ok(match identity::load(identity, &provider) {
        Ok(certified) => {
            let resolver = Arc::new(SingleCertAndKey::from(certified));
            ClientTls { config: builder.with_client_cert_resolver(resolver), unusable_identity: None }
        }
        // Most servers do not ask: a variable that was left behind must not keep a user from them.
        Err(why) => {
            warn(format!("The client certificate cannot be used: {why}"));
            let unusable_identity = Some(format!("the client certificate cannot be used: {why}"));
            ClientTls { config: builder.with_no_client_auth(), unusable_identity }
        }
    })
}
