//! Which certificate authorities are trusted.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use super::pem::certificates;
use crate::http::settings::Pem;

/// Mozilla's roots, the operating system's store and those of `ca`, added together; and those of `ca` alone.
///
/// A store or file that is missing or broken adds nothing and is named by `tell`.
pub(super) fn load(
    ca: Option<&Pem>,
    tell: &mut impl FnMut(String),
) -> (RootCertStore, Vec<CertificateDer<'static>>) {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        tell(format!("The operating system's certificates: {error}"));
    }
    if native.certs.is_empty() && native.errors.is_empty() {
        tell("The operating system has no certificates".into());
    }
    roots.add_parsable_certificates(native.certs);
    let extra = ca.map(|ca| add(ca, &mut roots, tell)).unwrap_or_default();
    (roots, extra)
}

fn add(ca: &Pem, roots: &mut RootCertStore, tell: &mut impl FnMut(String)) -> Vec<CertificateDer<'static>> {
    let pem = match ca.read() {
        Ok(pem) => pem,
        Err(why) => {
            tell(format!("{} {why}", ca.name()));
            return Vec::new();
        }
    };
    let (certificates, broken) = certificates(&pem);
    let (_, ignored) = roots.add_parsable_certificates(certificates.iter().cloned());
    match (certificates.len(), broken + ignored) {
        (0, 0) => tell(format!("{} holds no certificate in PEM form", ca.name())),
        (_, 0) => {}
        (found, unusable) => {
            tell(format!("{}: {unusable} of {} certificates cannot be used", ca.name(), found + broken));
        }
    }
    certificates
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::secret::Secret;

    fn told(ca: &Pem) -> Vec<String> {
        let mut told = Vec::new();
        let (roots, extra) = load(Some(ca), &mut |line| told.push(line));
        assert!(roots.len() >= webpki_roots::TLS_SERVER_ROOTS.len());
        assert!(extra.is_empty());
        told.retain(|line| !line.starts_with("The operating system"));
        told
    }

    #[test]
    fn a_missing_or_broken_file_is_survived_and_named() {
        let missing = told(&Pem::File("NODE_EXTRA_CA_CERTS", "/no/such/file.pem".into()));
        assert!(
            missing[0].starts_with("NODE_EXTRA_CA_CERTS (/no/such/file.pem) cannot be read: "),
            "{missing:?}"
        );
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let other = told(&Pem::File("NODE_EXTRA_CA_CERTS", manifest.into()));
        assert_eq!(other, [format!("NODE_EXTRA_CA_CERTS ({manifest}) holds no certificate in PEM form")]);
        let broken = "-----BEGIN CERTIFICATE-----\nnothing!\n-----END CERTIFICATE-----\n";
        let broken = told(&Pem::Text("tls.ca", Secret::new(broken)));
        assert_eq!(broken, ["tls.ca: 1 of 1 certificates cannot be used"]);
    }
}
