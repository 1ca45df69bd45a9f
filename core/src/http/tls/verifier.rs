//! The check of a server's certificate.

use std::fmt;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};
use webpki::{EndEntityCert, RawPublicKeyEntity, anchor_from_trusted_cert, spki_for_anchor};

use super::certificate::{check_pinned, describe, unsupported_key};

/// Accepts a server with a certificate from one of `roots`, for the right host and time.
pub(super) fn check(
    roots: RootCertStore,
    extra: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let algorithms = provider.signature_verification_algorithms;
    let roots = Arc::new(roots);
    let web_pki = WebPkiServerVerifier::builder_with_provider(roots.clone(), provider).build();
    let web_pki = web_pki.map_err(|error| Error::General(error.to_string()))?;
    Ok(Arc::new(Verifier { trusts: Trusts::Authorities { web_pki, roots, extra }, algorithms }))
}

/// Accepts every server that has the key of the certificate that it shows.
pub(super) fn accept_any(provider: &CryptoProvider) -> Arc<dyn ServerCertVerifier> {
    let algorithms = provider.signature_verification_algorithms;
    Arc::new(Verifier { trusts: Trusts::Anyone, algorithms })
}

#[derive(Debug)]
struct Verifier {
    trusts: Trusts,
    algorithms: WebPkiSupportedAlgorithms,
}

#[derive(Debug)]
enum Trusts {
    Authorities {
        web_pki: Arc<WebPkiServerVerifier>,
        roots: Arc<RootCertStore>,
        extra: Vec<CertificateDer<'static>>,
    },
    Anyone,
}

/// The reason for which a key cannot be used, in a certificate that was refused for it.
#[derive(Debug)]
pub(super) struct UnsupportedKey(String);

impl fmt::Display for UnsupportedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UnsupportedKey {}

impl UnsupportedKey {
    fn error(of_what: &str, key: &str) -> Error {
        let why = Self(format!("{of_what} has a key of a kind that is not supported ({key})"));
        CertificateError::Other(OtherError(Arc::new(why))).into()
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Trusts::Authorities { web_pki, roots, extra } = &self.trusts else {
            return Ok(ServerCertVerified::assertion());
        };
        match web_pki.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // What `openssl req -x509` makes for a server is an authority's certificate by default, and devices
            // make such of X.509 v1, or for a common name. Node takes those where they are trusted themselves.
            Err(_) if extra.contains(end_entity) => {
                check_pinned(end_entity, server_name, now)?;
                Ok(ServerCertVerified::assertion())
            }
            Err(error) if is_of_a_signature(&error) => {
                let chain = std::iter::once(end_entity).chain(intermediates);
                Err(unsupported_key_of_an_issuer(chain, roots).unwrap_or(error))
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = match spki_of_other_form(cert) {
            Some(spki) => self.verify_tls12_signature_with_raw_key(message, &spki, dss),
            None => verify_tls12_signature(message, cert, dss, &self.algorithms),
        };
        verified.map_err(|error| unsupported_key_of_the_server(cert).unwrap_or(error))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = match spki_of_other_form(cert) {
            Some(spki) => verify_tls13_signature_with_raw_key(message, &spki, dss, &self.algorithms),
            None => verify_tls13_signature(message, cert, dss, &self.algorithms),
        };
        verified.map_err(|error| unsupported_key_of_the_server(cert).unwrap_or(error))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl Verifier {
    /// rustls has this for TLS 1.3 alone.
    fn verify_tls12_signature_with_raw_key(
        &self,
        message: &[u8],
        spki: &SubjectPublicKeyInfoDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = RawPublicKeyEntity::try_from(spki).map_err(|_| CertificateError::BadEncoding)?;
        let of_scheme = self.algorithms.mapping.iter().filter(|(scheme, _)| *scheme == dss.scheme);
        let mut algorithms = of_scheme.flat_map(|(_, algorithms)| algorithms.iter());
        match algorithms.any(|one| key.verify_signature(*one, message, dss.signature()).is_ok()) {
            true => Ok(HandshakeSignatureValid::assertion()),
            false => Err(CertificateError::BadSignature.into()),
        }
    }
}

/// The key of a certificate that webpki takes for an authority alone: of X.509 v1, or with an extension that it does
/// not know.
fn spki_of_other_form(cert: &CertificateDer<'_>) -> Option<SubjectPublicKeyInfoDer<'static>> {
    match EndEntityCert::try_from(cert) {
        Ok(_) => None,
        Err(_) => anchor_from_trusted_cert(cert).ok().map(|anchor| spki_for_anchor(&anchor)),
    }
}

fn unsupported_key_of_the_server(cert: &CertificateDer<'_>) -> Option<Error> {
    Some(UnsupportedKey::error("it", &describe(cert)?.unsupported_key?))
}

/// Whether a server was refused because of how its certificate, or one above it, is signed.
fn is_of_a_signature(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(
            CertificateError::BadSignature
                | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
                | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. }
        )
    )
}

/// The error of a chain in which an authority has a key that cannot be used. (A chain's first key signs nothing in it.)
fn unsupported_key_of_an_issuer<'a>(
    chain: impl Iterator<Item = &'a CertificateDer<'a>>,
    roots: &RootCertStore,
) -> Option<Error> {
    let chain: Vec<_> = chain.filter_map(describe).collect();
    let intermediate = chain.iter().skip(1).find_map(|one| one.unsupported_key.clone());
    let key = intermediate.or_else(|| {
        let issuers: Vec<_> = chain.iter().map(|one| one.issuer.as_slice()).collect();
        // An anchor's subject is without its outermost tag and length.
        let anchors =
            roots.roots.iter().filter(|root| issuers.iter().any(|one| one.ends_with(&root.subject)));
        anchors.map(spki_for_anchor).find_map(|spki| unsupported_key(&spki))
    })?;
    Some(UnsupportedKey::error("an authority above it", &key))
}

/// webpki's own error, where rustls has none of that kind.
pub(super) fn web_pki_error(error: &CertificateError) -> Option<&webpki::Error> {
    let CertificateError::Other(other) = error else { return None };
    other.0.downcast_ref()
}

/// The words of a refusal that is about the kind of a key.
pub(super) fn unsupported_key_error(error: &CertificateError) -> Option<&UnsupportedKey> {
    let CertificateError::Other(other) = error else { return None };
    other.0.downcast_ref()
}
