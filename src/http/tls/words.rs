//! What a handshake failed of, in words that say what to do about it.

use std::borrow::Cow;

use rustls::{AlertDescription, CertificateError, Error};

use super::verifier::is_an_authoritys;

/// What became of a handshake with `peer` ("the server", or a proxy): both in one sentence.
///
/// `None` where the connection broke after the handshake, so that the peer may have acted on a request.
pub(in crate::http) fn handshake_failure(error: &Error, peer: &str) -> Option<String> {
    Some(match error {
        Error::InvalidCertificate(_) if is_an_authoritys(error) => format!(
            "the certificate of {peer} is refused: it is its own authority's (self-signed), and not trusted itself"
        ),
        Error::InvalidCertificate(why) => {
            format!("the certificate of {peer} is refused: {}", certificate(why))
        }
        Error::AlertReceived(alert) => return refused(*alert, peer),
        // Of the client certificate.
        Error::General(why) => why.clone(),
        Error::InvalidMessage(_) => format!("{peer} does not speak TLS on this port"),
        Error::PeerIncompatible(_) => {
            format!("{peer} and this client have no TLS version or cipher in common")
        }
        _ => return None,
    })
}

fn certificate(why: &CertificateError) -> Cow<'static, str> {
    match why {
        CertificateError::UnknownIssuer => "its authority is unknown (NODE_EXTRA_CA_CERTS adds one)".into(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".into(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet".into()
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names: Vec<_> = presented.iter().map(|name| plain(name)).collect();
            let names = if names.is_empty() { "no host".to_owned() } else { names.join(", ") };
            format!("it is not for the host {}, but for {names}", expected.to_str()).into()
        }
        CertificateError::NotValidForName => "it is not for this host".into(),
        CertificateError::BadSignature => "its signature is wrong".into(),
        CertificateError::BadEncoding => "it is malformed".into(),
        CertificateError::Revoked => "it was revoked".into(),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it is not for servers".into()
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "it is signed in a way that is not supported".into()
        }
        other => other.to_string().into(),
    }
}

/// `a.test` of `DnsName("a.test")`, in which form rustls gives the names of a certificate.
fn plain(presented: &str) -> &str {
    let inside = presented.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inside.unwrap_or(presented).trim_matches('"')
}

fn refused(alert: AlertDescription, peer: &str) -> Option<String> {
    let why = match alert {
        AlertDescription::CertificateRequired => {
            return Some(format!(
                "{peer} asks for a client certificate (CLAUDE_CODE_CLIENT_CERT), and got none"
            ));
        }
        AlertDescription::UnknownCA => "its authority is unknown there",
        AlertDescription::CertificateExpired => "it has expired",
        AlertDescription::CertificateRevoked => "it was revoked",
        AlertDescription::BadCertificate | AlertDescription::UnsupportedCertificate => {
            "it is not accepted there"
        }
        AlertDescription::CertificateUnknown | AlertDescription::AccessDenied => "it is not accepted there",
        AlertDescription::HandshakeFailure => {
            return Some(format!(
                "{peer} refused the handshake: it may ask for a client certificate (CLAUDE_CODE_CLIENT_CERT)"
            ));
        }
        AlertDescription::ProtocolVersion | AlertDescription::InsufficientSecurity => {
            return Some(format!("{peer} and this client have no TLS version or cipher in common"));
        }
        AlertDescription::UnrecognisedName => return Some(format!("{peer} does not know this host name")),
        _ => return None,
    };
    Some(format!("{peer} refused the client certificate: {why}"))
}
