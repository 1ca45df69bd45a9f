//! PEM text: certificates and private keys.

use std::{fs, io};

use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::der::Decode;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::certificate::without_trust_settings;
use super::pem_blocks::{Block, blocks};
use crate::http::config::Pem;
use crate::http::secret::Secret;

impl Pem {
    /// The option or variable that sets it, with the path of a file: never the content, which some set in its place.
    pub(super) fn name(&self) -> String {
        match self {
            Self::File(variable, path) if is_pem(path) => (*variable).to_owned(),
            Self::File(variable, path) => format!("{variable} ({path})"),
            Self::Text(option, _) => (*option).to_owned(),
        }
    }

    /// Reads the text; the error says what is wrong with the file.
    pub(super) fn read(&self) -> Result<Vec<u8>, Unusable> {
        match self {
            Self::File(_, path) if is_pem(path) => {
                Err("holds PEM text, and has to hold a file's path".to_owned().into())
            }
            Self::File(_, path) => fs::read(path).map_err(|error| Unusable {
                is_passing: is_passing(&error),
                why: format!("cannot be read: {error}"),
            }),
            Self::Text(_, text) => Ok(text.reveal().as_bytes().to_vec()),
        }
    }
}

/// The reason for which a file or text cannot be used.
#[derive(Debug)]
pub(super) struct Unusable {
    pub(super) why: String,
    /// Whether it may be readable a moment later.
    pub(super) is_passing: bool,
}

impl From<String> for Unusable {
    fn from(why: String) -> Self {
        Self { why, is_passing: false }
    }
}

/// Whether a file that could not be read may be readable a moment later: no descriptor was free, or its disk failed.
pub(super) fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind::*;
    !matches!(
        error.kind(),
        NotFound
            | PermissionDenied
            | NotADirectory
            | IsADirectory
            | InvalidInput
            | InvalidFilename
            | Unsupported
    )
}

/// Whether a text is PEM, as such or in Base64.
fn is_pem(text: &str) -> bool {
    text.contains("-----BEGIN ") || text.trim_start().starts_with("LS0tLS1CRUdJTi")
}

/// The certificates in `pem`, and how many more there are that cannot be read.
pub(super) fn certificates(pem: &[u8]) -> (Vec<CertificateDer<'static>>, usize) {
    let mut lost = 0;
    let mut certificates = Vec::new();
    for block in blocks(pem) {
        let is_trusted = block.label == "TRUSTED CERTIFICATE";
        if !is_trusted && !matches!(block.label.as_str(), "CERTIFICATE" | "X509 CERTIFICATE") {
            continue;
        }
        let der = block.read_as("CERTIFICATE");
        let der = if is_trusted { der.and_then(without_trust_settings) } else { der };
        lost += usize::from(der.is_none());
        certificates.extend(der);
    }
    (certificates, lost)
}

/// The first private key in `pem`: PKCS#8, also encrypted, SEC1 or PKCS#1. The error quotes neither key nor
/// passphrase.
pub(super) fn private_key(
    pem: &[u8],
    passphrase: Option<&Secret>,
) -> Result<PrivateKeyDer<'static>, &'static str> {
    let block = key_block(pem)?;
    if block.label != ENCRYPTED {
        return block.read_as(&block.label).ok_or(NO_KEY);
    }
    let passphrase = passphrase.ok_or("is encrypted, and no passphrase is set")?;
    let der: PrivatePkcs8KeyDer<'_> = block.read_as("PRIVATE KEY").ok_or(NO_KEY)?;
    let key = EncryptedPrivateKeyInfoRef::from_der(der.secret_pkcs8_der()).map_err(|_| UNSUPPORTED_CIPHER)?;
    let key = key.decrypt(passphrase.reveal()).map_err(|_| {
        "cannot be decrypted: the passphrase does not fit, or the cipher is not supported (PBES2 with AES or 3DES is)"
    })?;
    Ok(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into())
}

const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
const NO_KEY: &str = "holds no private key in PEM form";
const UNSUPPORTED_CIPHER: &str = "is encrypted in a way that is not supported (PBES2 with AES or 3DES is): \
                                  `openssl pkcs8 -topk8 -v2 aes-256-cbc` converts it";

fn key_block(pem: &[u8]) -> Result<Block, &'static str> {
    const LABELS: [&str; 4] = ["PRIVATE KEY", ENCRYPTED, "EC PRIVATE KEY", "RSA PRIVATE KEY"];
    let mut keys = blocks(pem).into_iter().filter(|block| LABELS.contains(&block.label.as_str()));
    let key = keys.next().filter(|key| !key.body.is_empty()).ok_or(NO_KEY)?;
    // The form that OpenSSL wrote before PKCS#8: it makes a key of a passphrase by a single round of MD5.
    if key.body.contains("Proc-Type:") {
        return Err(
            "is encrypted in OpenSSL's old form, which is not supported: `openssl pkcs8 -topk8` converts it",
        );
    }
    Ok(key)
}

/// Checks a text that should hold certificates; the error says what is wrong.
pub fn check_certificates(pem: &str) -> Result<(), &'static str> {
    match certificates(pem.as_bytes()) {
        (found, _) if !found.is_empty() => Ok(()),
        _ => Err("holds no certificate in PEM form"),
    }
}

/// Checks a text that should hold a private key, as far as that is possible without a passphrase.
pub fn check_private_key(pem: &str) -> Result<(), &'static str> {
    let block = key_block(pem.as_bytes())?;
    match block.label == ENCRYPTED {
        true => Ok(()),
        false => private_key(pem.as_bytes(), None).map(|_| ()),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_descriptor_or_on_a_failing_disk_may_be_readable_a_moment_later() {
        let [no_such_file, failing_disk, denied, none_in_system, none_in_process] = [2, 5, 13, 23, 24];
        let is_passing = |code| is_passing(&io::Error::from_raw_os_error(code));
        assert_eq!([failing_disk, none_in_system, none_in_process].map(is_passing), [true; 3]);
        assert_eq!([no_such_file, denied].map(is_passing), [false; 2]);
    }
}
