//! The certificate by which a client shows who it is, where a server asks.

use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{Error, InconsistentKeys, SignatureAlgorithm, SignatureScheme};

use super::pem::{certificates, private_key};
use crate::http::settings::{Identity, Part, Pem};

/// One that cannot be used fails the handshakes in which it is asked for, by name, and no others.
#[derive(Debug)]
pub(super) struct ClientCertificate(Arc<CertifiedKey>);

impl ClientCertificate {
    pub(super) fn load(
        identity: &Identity,
        provider: &CryptoProvider,
        tell: &mut impl FnMut(String),
    ) -> Self {
        let certified = load(identity, provider).unwrap_or_else(|why| {
            let why = format!("the client certificate cannot be used: {why}");
            tell(format!("{}{}", why[..1].to_uppercase(), &why[1..]));
            CertifiedKey::new(Vec::new(), Arc::new(Unusable { why, scheme: SignatureScheme::Unknown(0) }))
        });
        Self(Arc::new(certified))
    }
}

impl ResolvesClientCert for ClientCertificate {
    fn resolve(&self, _authorities: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// What is wrong is told under the names by which the parts are set.
fn load(identity: &Identity, provider: &CryptoProvider) -> Result<CertifiedKey, String> {
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

/// Signs nothing, for this reason.
#[derive(Clone, Debug)]
struct Unusable {
    why: String,
    scheme: SignatureScheme,
}

impl SigningKey for Unusable {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let scheme = *offered.first()?;
        Some(Box::new(Self { scheme, ..self.clone() }))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for Unusable {
    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, Error> {
        Err(Error::General(self.why.clone()))
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}
