//! Turns errors of TLS handshakes into messages that say what to do.

use std::borrow::Cow;

use rustls::{AlertDescription, CertificateError, Error};

use super::verifier::is_an_authoritys;

/// The message for a handshake with `peer` ("the server", or a proxy) that failed.
///
/// `None` where the error itself says it as well, and where the handshake had succeeded on our side (not
/// `connecting`), unless it is about our certificate. With TLS 1.3 the peer looks at
/// that last, when a request may be on its way already; it has read none of it.
///
/// `unusable_identity` says why the client certificate was left out: repeated where one may have been asked for.
pub(in crate::http) fn handshake_failure(
    error: &Error,
    peer: &str,
    connecting: bool,
    unusable_identity: Option<&str>,
) -> Option<String> {
    Some(match error {
        Error::AlertReceived(alert) => {
            let ours = of_our_certificate(*alert);
            let why = match ours {
                Some(why) => why,
                None if connecting => of_the_handshake(*alert)?,
                None => return None,
            };
            // A server may not say that it missed one, only that the handshake failed.
            let may_miss_one = ours.is_some() || *alert == AlertDescription::HandshakeFailure;
            match unusable_identity.filter(|_| may_miss_one) {
                Some(reason) => format!("{peer} {why}: {reason}"),
                None => format!("{peer} {why}"),
            }
        }
        _ if !connecting => return None,
        Error::InvalidCertificate(_) if is_an_authoritys(error) => format!(
            "the certificate of {peer} is refused: it is its own authority's (self-signed), and not trusted itself"
        ),
        Error::InvalidCertificate(why) => {
            format!("the certificate of {peer} is refused: {}", certificate(why))
        }
        Error::InvalidMessage(_) => format!("{peer} does not speak TLS on this port"),
        Error::PeerIncompatible(_) => format!("{peer} {NOTHING_IN_COMMON}"),
        _ => return None,
    })
}

const NOTHING_IN_COMMON: &str = "and this client have no TLS version or cipher in common";

fn certificate(why: &CertificateError) -> Cow<'static, str> {
    match why {
        CertificateError::UnknownIssuer => "its authority is unknown (NODE_EXTRA_CA_CERTS adds one)".into(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".into(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet".into()
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names: Vec<_> = presented.iter().map(|name| plain(name)).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
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

/// `localhost` of `DnsName("localhost")`.
fn plain(name: &str) -> &str {
    name.split_once('(').map_or(name, |(_, name)| name.trim_end_matches(')').trim_matches('"'))
}

fn of_our_certificate(alert: AlertDescription) -> Option<&'static str> {
    Some(match alert {
        AlertDescription::CertificateRequired => {
            "asks for a client certificate (CLAUDE_CODE_CLIENT_CERT), and got none"
        }
        AlertDescription::UnknownCA => "refused the client certificate: its authority is unknown there",
        AlertDescription::CertificateExpired => "refused the client certificate: it has expired",
        AlertDescription::CertificateRevoked => "refused the client certificate: it was revoked",
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied => "refused the client certificate: it is not accepted there",
        _ => return None,
    })
}

fn of_the_handshake(alert: AlertDescription) -> Option<&'static str> {
    Some(match alert {
        AlertDescription::HandshakeFailure => {
            "refused the handshake: it may ask for a client certificate (CLAUDE_CODE_CLIENT_CERT)"
        }
        AlertDescription::ProtocolVersion | AlertDescription::InsufficientSecurity => NOTHING_IN_COMMON,
        AlertDescription::UnrecognisedName => "does not know this host name",
        _ => return None,
    })
}
