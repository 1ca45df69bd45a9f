//! The reason for which a request failed: its text, and its code as Node names it.

use std::fmt;
use std::io::{self, ErrorKind};

use super::causes::causes;

/// The handshake failed, or what came over TLS is not TLS.
const TLS: &str = "ERR_SESSION_INGRESS_TLS";
/// A proxy refused a tunnel, or spoke no HTTP.
const PROXY: &str = "ERR_SESSION_INGRESS_PROXY";

/// The reason for which a request failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    text: String,
    code: Option<&'static str>,
}

impl Reason {
    /// The reason of an error of reqwest's client, in these words. `of_proxy`: where the network gave no code, a proxy
    /// was to blame.
    pub(super) fn of(error: &reqwest::Error, text: String, of_proxy: bool) -> Self {
        Self { text, code: network_code(error).or(of_proxy.then_some(PROXY)) }
    }

    /// `ECONNREFUSED` and the like; `None` where the network gave none.
    pub fn code(&self) -> Option<&'static str> {
        self.code
    }

    pub(super) fn with_text(self, text: String) -> Self {
        Self { text, ..self }
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        Self { text, code: None }
    }
}

impl From<&str> for Reason {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<&io::Error> for Reason {
    fn from(error: &io::Error) -> Self {
        Self { text: error.to_string(), code: code(error) }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The code of an error of reqwest's client; the innermost cause that has one decides.
fn network_code(error: &reqwest::Error) -> Option<&'static str> {
    causes(error).into_iter().rev().find_map(|cause| {
        if cause.is::<rustls::Error>() {
            return Some(TLS);
        }
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            return code(error);
        }
        let text = cause.to_string();
        if text.starts_with("dns error") {
            let is_passing = text.contains("emporary failure");
            return Some(if is_passing { "EAI_AGAIN" } else { "ENOTFOUND" });
        }
        // As Node names a connection that closed before its response.
        text.starts_with("connection closed before message completed").then_some("ECONNRESET")
    })
}

/// The code of an error of a socket.
fn code(error: &io::Error) -> Option<&'static str> {
    if cfg!(unix) {
        match error.raw_os_error() {
            Some(1) => return Some("EPERM"),
            Some(23) => return Some("ENFILE"),
            Some(24) => return Some("EMFILE"),
            _ => {}
        }
    }
    Some(match error.kind() {
        ErrorKind::ConnectionRefused => "ECONNREFUSED",
        ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof => "ECONNRESET",
        ErrorKind::ConnectionAborted => "ECONNABORTED",
        ErrorKind::BrokenPipe => "EPIPE",
        ErrorKind::TimedOut => "ETIMEDOUT",
        ErrorKind::HostUnreachable => "EHOSTUNREACH",
        ErrorKind::NetworkUnreachable => "ENETUNREACH",
        ErrorKind::NetworkDown => "ENETDOWN",
        ErrorKind::AddrNotAvailable => "EADDRNOTAVAIL",
        ErrorKind::PermissionDenied => "EACCES",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_sockets_have_the_codes_of_node() {
        for (kind, name) in [
            (ErrorKind::ConnectionRefused, Some("ECONNREFUSED")),
            (ErrorKind::UnexpectedEof, Some("ECONNRESET")),
            (ErrorKind::HostUnreachable, Some("EHOSTUNREACH")),
            (ErrorKind::InvalidData, None),
        ] {
            assert_eq!(code(&kind.into()), name, "{kind}");
        }
        if cfg!(unix) {
            assert_eq!(code(&io::Error::from_raw_os_error(24)), Some("EMFILE"));
        }
    }
}
