//! The check of a server's certificate.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// Accepts a server with a certificate from one of `roots`, for the right host and time.
pub(super) fn check(
    roots: RootCertStore,
    extra: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let algorithms = provider.signature_verification_algorithms;
    let web_pki = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
    let web_pki = web_pki.map_err(|error| Error::General(error.to_string()))?;
    Ok(Arc::new(Verifier { trusts: Trusts::Authorities { web_pki, extra }, algorithms }))
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
    Authorities { web_pki: Arc<WebPkiServerVerifier>, extra: Vec<CertificateDer<'static>> },
    Anyone,
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
        let Trusts::Authorities { web_pki, extra } = &self.trusts else {
            return Ok(ServerCertVerified::assertion());
        };
        match web_pki.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // What `openssl req -x509` makes for a server is an authority's certificate by default. Node
            // takes it where it is trusted itself. Its dates were checked: that comes before.
            Err(error) if is_an_authoritys(&error) && extra.contains(end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
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
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Whether a server was refused because it shows the certificate of an authority as its own.
pub(super) fn is_an_authoritys(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(other)) = error else { return false };
    matches!(other.0.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}
