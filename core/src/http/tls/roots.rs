//! The certificate authorities that are trusted.

use std::env::split_paths;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls_native_certs::{CertificateResult, ErrorKind, load_certs_from_paths, load_native_certs};

use super::pem::{Unusable, certificates, is_passing};
use crate::http::config::{Pem, Store};

/// The authorities that were found.
pub(super) struct Roots {
    /// Mozilla's roots, the operating system's store and those of `ca`, added together.
    pub(super) store: RootCertStore,
    /// Those of `ca` alone.
    pub(super) extra: Vec<CertificateDer<'static>>,
    /// Whether all that is there could be read: false where a file may be readable a moment later.
    pub(super) is_complete: bool,
}

/// Reads the authorities: those of the operating system only where a `store` is given.
///
/// A store or file that is missing or broken adds nothing and is named in a warning.
pub(super) fn load(store: Option<&Store>, ca: Option<&Pem>, warn: &mut impl FnMut(String)) -> Roots {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let mut is_complete = true;
    if let Some(store) = store {
        let native = native(store);
        for error in &native.errors {
            is_complete &= !matches!(&error.kind, ErrorKind::Io { inner, .. } if is_passing(inner));
            warn(format!("The operating system's certificates: {error}"));
        }
        if native.certs.is_empty() && native.errors.is_empty() {
            warn("The operating system has no certificates".into());
        }
        roots.add_parsable_certificates(native.certs);
    }
    let extra = match ca.map(|ca| (ca, ca.read())) {
        Some((ca, Ok(pem))) => add(ca, &pem, &mut roots, warn),
        Some((ca, Err(Unusable { why, is_passing }))) => {
            is_complete &= !is_passing;
            warn(format!("{} {why}", ca.name()));
            Vec::new()
        }
        None => Vec::new(),
    };
    Roots { store: roots, extra, is_complete }
}

/// Reads the operating system's store. The variables are given, and not left to the library: it would not see those of
/// a worker.
fn native(Store { file, dirs }: &Store) -> CertificateResult {
    if file.is_none() && dirs.is_none() {
        return load_native_certs();
    }
    let mut found = load_certs_from_paths(file.as_deref().map(Path::new), None);
    let dirs = dirs.iter().flat_map(split_paths);
    for dir in dirs.filter(|dir: &PathBuf| !dir.as_os_str().is_empty()) {
        let more = load_certs_from_paths(None, Some(&dir));
        found.certs.extend(more.certs);
        found.errors.extend(more.errors);
    }
    found
}

fn add(
    ca: &Pem,
    pem: &[u8],
    roots: &mut RootCertStore,
    warn: &mut impl FnMut(String),
) -> Vec<CertificateDer<'static>> {
    let (certificates, broken) = certificates(pem);
    let (_, ignored) = roots.add_parsable_certificates(certificates.iter().cloned());
    match (certificates.len(), broken + ignored) {
        (0, 0) => warn(format!("{} holds no certificate in PEM form", ca.name())),
        (_, 0) => {}
        (found, unusable) => {
            warn(format!("{}: {unusable} of {} certificates cannot be used", ca.name(), found + broken));
        }
    }
    certificates
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::secret::Secret;

    fn warned(ca: &Pem) -> Vec<String> {
        let mut warned = Vec::new();
        let Roots { store, extra, is_complete } =
            load(Some(&Store::default()), Some(ca), &mut |line| warned.push(line));
        assert!(store.len() >= webpki_roots::TLS_SERVER_ROOTS.len());
        assert!(extra.is_empty() && is_complete);
        warned.retain(|line| !line.starts_with("The operating system"));
        warned
    }

    #[test]
    fn files_and_folders_that_replace_the_store_are_read_instead_of_it() {
        let mut warned = Vec::new();
        let no_such = |name: &str| format!("/no/such/{name}");
        let dirs = std::env::join_paths([no_such("one"), no_such("two")]).unwrap().into_string().ok();
        let store = Store { file: Some(no_such("file")), dirs };
        let roots = load(Some(&store), None, &mut |line| warned.push(line));
        assert_eq!(roots.store.len(), webpki_roots::TLS_SERVER_ROOTS.len());
        for name in ["file", "one", "two"] {
            assert!(warned.iter().any(|line| line.contains(&no_such(name))), "{warned:?}");
        }
    }

    #[test]
    fn a_missing_or_broken_file_of_authorities_is_left_out_and_named() {
        let missing = warned(&Pem::File("NODE_EXTRA_CA_CERTS", "/no/such/file.pem".into()));
        assert!(
            missing[0].starts_with("NODE_EXTRA_CA_CERTS (/no/such/file.pem) cannot be read: "),
            "{missing:?}"
        );
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let other = warned(&Pem::File("NODE_EXTRA_CA_CERTS", manifest.into()));
        assert_eq!(other, [format!("NODE_EXTRA_CA_CERTS ({manifest}) holds no certificate in PEM form")]);
        let text = "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n";
        let as_base64 =
            "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCnNlY3JldAotLS0tLUVORCBQUklWQVRFIEtFWS0tLS0tCg==";
        for misplaced in [text.to_owned(), as_base64.to_owned()] {
            let misplaced = warned(&Pem::File("NODE_EXTRA_CA_CERTS", misplaced));
            assert_eq!(misplaced, ["NODE_EXTRA_CA_CERTS holds PEM text, and has to hold a file's path"]);
        }
        let broken = "-----BEGIN CERTIFICATE-----\nnothing!\n-----END CERTIFICATE-----\n";
        let broken = warned(&Pem::Text("tls.ca", Secret::new(broken)));
        assert_eq!(broken, ["tls.ca: 1 of 1 certificates cannot be used"]);
    }
}
