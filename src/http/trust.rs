//! Which certificate authorities are trusted.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Mozilla's roots, the operating system's store and the file that `NODE_EXTRA_CA_CERTS` names, added
/// together. A store or file that is missing or broken adds nothing.
pub(super) fn tls_config(extra_ca_certs: Option<&str>) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(certs) = extra_ca_certs.and_then(|path| CertificateDer::pem_file_iter(path).ok()) {
        roots.add_parsable_certificates(certs.filter_map(Result::ok));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_broken_file_is_survived() {
        assert!(tls_config(Some("/no/such/file.pem")).is_ok());
        assert!(tls_config(Some(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))).is_ok());
        assert!(tls_config(None).is_ok());
    }
}
