//! PEM text: certificates and private keys.

use std::{fs, io};

use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::der::{Decode, SecretDocument};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

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

/// Why a file or text cannot be used.
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

const ENCRYPTED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
const END_OF_ENCRYPTED: &str = "-----END ENCRYPTED PRIVATE KEY-----";
/// The form that OpenSSL wrote before PKCS#8: it makes a key of a passphrase by a single round of MD5.
const ENCRYPTED_AS_OF_OLD: &str = "Proc-Type: 4,ENCRYPTED";

/// The certificates in `pem`, and how many more there are that cannot be read.
pub(super) fn certificates(pem: &[u8]) -> (Vec<CertificateDer<'static>>, usize) {
    let mut broken = 0;
    let certificates = CertificateDer::pem_slice_iter(pem).filter_map(|certificate| {
        broken += usize::from(certificate.is_err());
        certificate.ok()
    });
    (certificates.collect(), broken)
}

/// The private key in `pem`: PKCS#8, also encrypted, SEC1 or PKCS#1. The error quotes neither key nor
/// passphrase.
pub(super) fn private_key(
    pem: &[u8],
    passphrase: Option<&Secret>,
) -> Result<PrivateKeyDer<'static>, &'static str> {
    let text = String::from_utf8_lossy(pem);
    let Some((_, encrypted)) = text.split_once(ENCRYPTED) else {
        check_private_key(&text)?;
        return PrivateKeyDer::from_pem_slice(pem).map_err(|_| NO_KEY);
    };
    // Only the block itself: there may be certificates around it.
    let (encrypted, _) = encrypted.split_once(END_OF_ENCRYPTED).ok_or(NO_KEY)?;
    let encrypted = format!("{ENCRYPTED}{encrypted}{END_OF_ENCRYPTED}");
    let passphrase = passphrase.ok_or("is encrypted, and no passphrase is set")?;
    let (_, document) = SecretDocument::from_pem(&encrypted).map_err(|_| NO_KEY)?;
    let key = EncryptedPrivateKeyInfoRef::from_der(document.as_bytes())
        .map_err(|_| "is encrypted in a way that is not supported (PBES2 with AES is)")?;
    let key = key.decrypt(passphrase.reveal()).map_err(|_| {
        "cannot be decrypted: the passphrase does not fit, or the cipher is not supported (PBES2 with AES is)"
    })?;
    Ok(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into())
}

const NO_KEY: &str = "holds no private key in PEM form";

/// Checks a text that should hold certificates; the error says what is wrong.
pub fn check_certificates(pem: &str) -> Result<(), &'static str> {
    match CertificateDer::from_pem_slice(pem.as_bytes()) {
        Ok(_) => Ok(()),
        Err(_) => Err("holds no certificate in PEM form"),
    }
}

/// Checks a text that should hold a private key, as far as that is possible without a passphrase.
pub fn check_private_key(pem: &str) -> Result<(), &'static str> {
    if pem.contains(ENCRYPTED_AS_OF_OLD) {
        Err("is encrypted in OpenSSL's old form, which is not supported: `openssl pkcs8 -topk8` converts it")
    } else if pem.contains(ENCRYPTED) || PrivateKeyDer::from_pem_slice(pem.as_bytes()).is_ok() {
        Ok(())
    } else {
        Err(NO_KEY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_file_without_a_descriptor_or_on_a_failing_disk_may_be_readable_a_moment_later() {
        let [no_such_file, failing_disk, denied, none_in_system, none_in_process] = [2, 5, 13, 23, 24];
        let is_passing = |code| is_passing(&io::Error::from_raw_os_error(code));
        assert_eq!([failing_disk, none_in_system, none_in_process].map(is_passing), [true; 3]);
        assert_eq!([no_such_file, denied].map(is_passing), [false; 2]);
    }
}
