//! The certificate that a client shows to a server that asks for one.

use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

use super::pem::{Unusable, certificates, private_key};
use crate::http::config::{Identity, Part, Pem};

/// Loads certificate and key. The error names the option or variable of the part that is wrong.
pub(super) fn load(identity: &Identity, provider: &CryptoProvider) -> Result<CertifiedKey, Unusable> {
    let Identity { cert, key, passphrase } = identity;
    let (cert, cert_name) = part(cert, key)?;
    let (key, key_name) = part(key, &identity.cert)?;
    let (chain, broken) = certificates(&cert);
    if chain.is_empty() || broken > 0 {
        return Err(format!("{cert_name} holds no certificate in PEM form").into());
    }
    let key = private_key(&key, passphrase.as_ref()).map_err(|why| format!("{key_name} {why}"))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| {
        Unusable::from(match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                format!("{key_name} is not the key of the certificate in {cert_name}")
            }
            Error::InvalidCertificate(_) => format!("{cert_name} holds a broken certificate"),
            _ => format!(
                "{key_name} holds a key that is broken or not supported (as RSA below 2048 bits and P-521)"
            ),
        })
    })
}

fn part(part: &Part, other: &Part) -> Result<(Vec<u8>, String), Unusable> {
    let Part { name, pem: Some(pem) } = part else {
        return Err(format!("{} is set, and {} is not", other.name, part.name).into());
    };
    debug_assert!(matches!(pem, Pem::File(of, _) | Pem::Text(of, _) if of == name));
    let name = pem.name();
    match pem.read() {
        Ok(text) => Ok((text, name)),
        Err(Unusable { why, is_passing }) => Err(Unusable { why: format!("{name} {why}"), is_passing }),
    }
}
