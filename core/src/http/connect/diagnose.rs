//! Explains why no connection was established: the proxy, the server or a certificate.

use std::error::Error;
use std::{fmt, io};

use tower::BoxError;

use crate::http::causes::causes;
use crate::http::proxy::Route;
use crate::http::tls::{handshake_failure, perhaps_refused};

/// The reason that kept a request from its server; `None` where the server may have seen the request, or where the
/// error says it as well.
pub(in crate::http) fn no_connection(
    error: &reqwest::Error,
    route: &Route,
    tunnelled: bool,
    unusable_identity: Option<&str>,
) -> Option<String> {
    let causes = causes(error);
    let tls = causes.iter().find_map(|cause| cause.downcast_ref::<rustls::Error>());
    let asked = causes.iter().any(|cause| cause.is::<AskedForCertificate>());
    let handshake = |peer: &str| match tls {
        Some(tls) => handshake_failure(tls, peer, error.is_connect(), asked, unusable_identity),
        None => (error.is_connect() && (is_end_of_file(&causes) || asked && is_closed(error))).then(|| {
            let why = format!("{peer} closed the connection during the TLS handshake");
            if asked { perhaps_refused(&why, unusable_identity) } else { why }
        }),
    };
    let Route::Via(proxy) = route else { return handshake("the server") };
    let tunnel = causes.iter().find_map(|cause| TunnelError::of(*cause));
    let of_proxy = match tunnel {
        Some(TunnelError::Unsuccessful) => return Some(format!("{proxy} refused the tunnel")),
        Some(TunnelError::AuthorizationRequired) => {
            let why = match proxy.credentials {
                Some(_) => "its user name or password is wrong",
                None => "it wants a user name and password",
            };
            let status = "407 Proxy Authentication Required";
            return Some(format!("{proxy} refused the tunnel: {status} ({why})"));
        }
        Some(TunnelError::NotReached) => true,
        Some(TunnelError::HeadTooLarge) => {
            let why = "the head of its response has more than 8 KiB, which is not supported";
            return Some(format!("{proxy} opened no tunnel: {why}"));
        }
        Some(TunnelError::BrokenOff) => {
            let why = "it closed the connection, or did not respond in HTTP";
            return Some(format!("{proxy} opened no tunnel: {why}"));
        }
        // Without a tunnel, the proxy is the only one who is connected to.
        None => !tunnelled,
    };
    let peer = if of_proxy { proxy.to_string() } else { "the server".to_owned() };
    if let Some(why) = handshake(&peer) {
        return Some(why);
    }
    let why = causes.last().map(ToString::to_string).unwrap_or_default();
    (of_proxy && error.is_connect()).then(|| format!("{proxy} cannot be reached: {why}"))
}

/// The error of a connect in which a server asked for a client certificate.
#[derive(Debug)]
pub(super) struct AskedForCertificate(pub(super) BoxError);

impl fmt::Display for AskedForCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for AskedForCertificate {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// hyper-util's error of that name, which is not exported and known by its text alone.
/// `__test__/proxies.test.mjs` has a test for each.
#[derive(Clone, Copy)]
enum TunnelError {
    NotReached,
    AuthorizationRequired,
    Unsuccessful,
    HeadTooLarge,
    BrokenOff,
}

impl TunnelError {
    fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        Some(match error.to_string().strip_prefix("tunnel error: ")? {
            "failed to create underlying connection" => Self::NotReached,
            "proxy authorization required" => Self::AuthorizationRequired,
            "unsuccessful" => Self::Unsuccessful,
            "proxy response headers too long" => Self::HeadTooLarge,
            _ => Self::BrokenOff,
        })
    }
}

/// Whether the peer closed the connection, orderly or not.
pub(in crate::http) fn is_closed(error: &reqwest::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let errors = causes(error);
    let mut kinds = errors.iter().filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    kinds.any(|kind| matches!(kind, ConnectionReset | ConnectionAborted | BrokenPipe | UnexpectedEof))
}

fn is_end_of_file(causes: &[&(dyn Error + 'static)]) -> bool {
    let mut errors = causes.iter().filter_map(|cause| cause.downcast_ref::<io::Error>());
    errors.any(|error| error.kind() == io::ErrorKind::UnexpectedEof)
}
