//! Turns errors of TLS handshakes into messages that say what to do.

use std::borrow::Cow;

use rustls::{AlertDescription, CertificateError, Error, PeerMisbehaved};

use super::verifier::{unsupported_key_error, web_pki_error};

/// The message for a handshake with `peer` ("the server", or a proxy) that failed.
///
/// `None` where the handshake had succeeded on our side (not `connecting`), unless it is about our certificate. With
/// TLS 1.3 the peer looks at that last, when a request may be on its way already; it has read none of it.
///
/// `asked`: whether the peer asked for a client certificate. `unusable_identity` says why that was left out: repeated
/// where one may have been asked for.
pub(in crate::http) fn handshake_failure(
    error: &Error,
    peer: &str,
    connecting: bool,
    asked: bool,
    unusable_identity: Option<&str>,
) -> Option<String> {
    Some(match error {
        Error::AlertReceived(alert) => {
            let ours = of_our_certificate(*alert).filter(|_| asked || !connecting);
            let why = match ours {
                Some(why) => why.into(),
                None if connecting => of_the_handshake(*alert, asked),
                None => return None,
            };
            match unusable_identity.filter(|_| ours.is_some() || asked) {
                Some(reason) => format!("{peer} {why}: {reason}"),
                None => format!("{peer} {why}"),
            }
        }
        _ if !connecting => return None,
        Error::InvalidCertificate(why) => {
            format!("the certificate of {peer} is refused: {}", certificate(why))
        }
        Error::InvalidMessage(_) => format!("{peer} does not speak TLS on this port"),
        Error::PeerIncompatible(_) => format!("{peer} {NOTHING_IN_COMMON}"),
        other => format!("the TLS handshake with {peer} failed: {}", words(other)),
    })
}

/// The message for a connection that broke, for this reason, in the handshake or at its first request, after a client
/// certificate had been asked for. Where the peer resets the connection over what it did not read, its own words are lost.
/// So it may have refused the certificate, or the lack of one; whether it did is not known.
pub(in crate::http) fn perhaps_refused(why: &str, unusable_identity: Option<&str>) -> String {
    let hint = "a client certificate (CLAUDE_CODE_CLIENT_CERT) had been asked for, and may be why";
    match unusable_identity {
        Some(reason) => format!("{why} ({hint}: {reason})"),
        None => format!("{why} ({hint})"),
    }
}

/// The message for a TLS connection that broke after its handshake.
pub(in crate::http) fn broken_off(error: &Error) -> String {
    match error {
        // A server that asks for a certificate this late has it from nobody who does not negotiate anew.
        Error::AlertReceived(AlertDescription::HandshakeFailure | AlertDescription::NoRenegotiation)
        | Error::PeerMisbehaved(PeerMisbehaved::TooManyRenegotiationRequests) => {
            "it was to be negotiated anew (TLS renegotiation, as for a client certificate), which is not supported: \
             the server has to ask for the certificate when it is connected to"
                .into()
        }
        other => words(other),
    }
}

const NOTHING_IN_COMMON: &str = "and this client have no TLS version, cipher or kind of key in common: it needs TLS \
                                 1.3, or TLS 1.2 with ECDHE and AES-GCM or ChaCha20, and a key of RSA with 2048 to \
                                 8192 bits, P-256, P-384 or Ed25519";
const KEYS: &str = "RSA with 2048 to 8192 bits, P-256, P-384 and Ed25519 are";

fn certificate(why: &CertificateError) -> Cow<'static, str> {
    if let Some(key) = unsupported_key_error(why) {
        return format!("{key}: {KEYS}").into();
    }
    if let Some(error) = web_pki_error(why) {
        return of_its_form(error);
    }
    match why {
        CertificateError::UnknownIssuer => "its authority is unknown (NODE_EXTRA_CA_CERTS adds one)".into(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".into(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet".into()
        }
        CertificateError::NotValidForNameContext { expected, presented } if presented.is_empty() => format!(
            "it is not for the host {}, as it has no alternative name (a common name counts only in a certificate that \
             is itself in NODE_EXTRA_CA_CERTS)",
            expected.to_str()
        )
        .into(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names: Vec<_> = presented.iter().map(|name| plain(name)).collect();
            format!("it is not for the host {}, but for {}", expected.to_str(), names.join(", ")).into()
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
            "it is signed in a way that is not supported (SHA-256, -384 and -512 are, with keys of RSA from 2048 bits, \
             P-256, P-384 and Ed25519)"
                .into()
        }
        CertificateError::UnhandledCriticalExtension => CRITICAL_EXTENSION.into(),
        other => words(other).into(),
    }
}

const CRITICAL_EXTENSION: &str = "it, or an authority above it, has a critical extension that is not supported (as \
                                  of policies): NODE_EXTRA_CA_CERTS can name that very certificate";

/// The words for what webpki does not take, and rustls has no error of its own for.
fn of_its_form(error: &webpki::Error) -> Cow<'static, str> {
    match error {
        webpki::Error::CaUsedAsEndEntity => {
            "it is its own authority's (self-signed), and not trusted itself (NODE_EXTRA_CA_CERTS adds it)".into()
        }
        webpki::Error::UnsupportedCertVersion => {
            "it, or one above it, is of X.509 version 1, which is taken only where it is itself in NODE_EXTRA_CA_CERTS"
                .into()
        }
        webpki::Error::UnsupportedCriticalExtension => CRITICAL_EXTENSION.into(),
        webpki::Error::EndEntityUsedAsCa => "the one above it is not an authority's".into(),
        webpki::Error::NameConstraintViolation => "its authority may not issue for this name".into(),
        webpki::Error::PathLenConstraintViolated => "more authorities stand above it than one of them allows".into(),
        webpki::Error::SignatureAlgorithmMismatch => "it names two ways in which it is signed".into(),
        // The rest are faults in the form of certificates: their names say it.
        other => format!("it, or one above it, is malformed ({})", words(other)).into(),
    }
}

/// `localhost` of `DnsName("localhost")`.
fn plain(name: &str) -> &str {
    name.split_once('(').map_or(name, |(_, name)| name.trim_end_matches(')').trim_matches('"'))
}

/// An error of an enum in words: `bad record mac` of `AlertReceived(BadRecordMac)`.
fn words(error: &impl std::fmt::Debug) -> String {
    let text = format!("{error:?}");
    let name = text.rsplit_once('(').map_or(text.as_str(), |(_, inner)| inner);
    let name = name.split(|char: char| !char.is_ascii_alphanumeric()).next().unwrap_or_default();
    let mut words = String::new();
    for char in name.chars() {
        if char.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(char.to_ascii_lowercase());
    }
    words
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

fn of_the_handshake(alert: AlertDescription, asked: bool) -> Cow<'static, str> {
    match alert {
        AlertDescription::HandshakeFailure if asked => {
            "asked for a client certificate (CLAUDE_CODE_CLIENT_CERT), and refused the handshake".into()
        }
        AlertDescription::HandshakeFailure
        | AlertDescription::ProtocolVersion
        | AlertDescription::InsufficientSecurity => NOTHING_IN_COMMON.into(),
        AlertDescription::UnrecognisedName => "does not know this host name".into(),
        AlertDescription::NoApplicationProtocol => "does not take HTTP/1.1".into(),
        other => format!("refused the handshake: {}", words(&other)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_errors_are_told_in_words() {
        assert_eq!(words(&Error::AlertReceived(AlertDescription::BadRecordMac)), "bad record mac");
        assert_eq!(words(&Error::PeerMisbehaved(PeerMisbehaved::InvalidKeyShare)), "invalid key share");
        assert_eq!(words(&Error::DecryptError), "decrypt error");
        assert_eq!(words(&webpki::Error::InvalidSerialNumber), "invalid serial number");
        assert_eq!(words(&AlertDescription::Unknown(200)), "0xc8");
    }
}
