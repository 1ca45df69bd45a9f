//! The certificate that a client shows to a server that asks for one.

use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

use super::pem::{certificates, private_key};
use crate::http::config::{Identity, Part, Pem};

/// Loads certificate and key. The error names the option or variable of the part that is wrong.
pub(super) fn load(identity: &Identity, provider: &CryptoProvider) -> Result<CertifiedKey, String> {
    let Identity { cert, key, passphrase } = identity;
    let (cert, cert_name) = part(cert, key)?;
    let (key, key_name) = part(key, &identity.cert)?;
    let (chain, broken) = certificates(&cert);
    if chain.is_empty() || broken > 0 {
        return Err(format!("{cert_name} holds no certificate in PEM form"));
    }
    let key = private_key(&key, passphrase.as_ref()).map_err(|why| format!("{key_name} {why}"))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            format!("{key_name} is not the key of the certificate in {cert_name}")
        }
        Error::InvalidCertificate(_) => format!("{cert_name} holds a broken certificate"),
        _ => format!(
            "{key_name} holds a key that is broken or not supported (as RSA below 2048 bits and P-521)"
        ),
    })
}

fn part(part: &Part, other: &Part) -> Result<(Vec<u8>, String), String> {
    let Part { name, pem: Some(pem) } = part else {
        return Err(format!("{} is set, and {} is not", other.name, part.name));
    };
    debug_assert!(matches!(pem, Pem::File(of, _) | Pem::Text(of, _) if of == name));
    let name = pem.name();
    pem.read().map(|text| (text, name.clone())).map_err(|why| format!("{name} {why}"))
}
