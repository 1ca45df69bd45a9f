//! From settings to a client that is ready: trust, proxies, limits.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;

use super::send_error::SendErrorKind;
use super::tuning::{ALPN, tune};
use crate::http::config::Settings;
use crate::http::connect::{ConnectLimitLayer, FreshConnections, no_connection};
use crate::http::error::Error;
use crate::http::headers::AGENT;
use crate::http::proxy::{Route, Routes};
use crate::http::tls::{ClientTls, client_tls};

/// A client of reqwest, and what is known about its connections.
pub(super) struct Connections {
    pub(super) client: reqwest::Client,
    /// What was found out when it was made, and does not stop anything: debug lines.
    pub(super) warnings: Vec<String>,
    pub(super) fresh: FreshConnections,
    connect_timeout: Option<Duration>,
    routes: Arc<Routes>,
    /// Why the client certificate was left out.
    unusable_identity: Option<String>,
}

impl Connections {
    /// Reads certificates from disk, on a thread that may wait.
    pub(super) async fn new(settings: Settings) -> Result<Self, Error> {
        let made = tokio::task::spawn_blocking(move || make(&settings)).await;
        made.unwrap_or_else(|error| Err(error.to_string())).map_err(Error::NotConnected)
    }

    /// Refuses a request that would need a proxy that cannot be used.
    pub(super) fn check(&self, url: &Url) -> Result<(), Error> {
        match self.routes.of(url) {
            Route::Misconfigured(why) => Err(Error::Unsendable(why.clone())),
            Route::Direct | Route::Via(_) => Ok(()),
        }
    }

    /// The error of a request, in words that say what kept it from its server.
    pub(super) fn error(&self, kind: SendErrorKind, error: &reqwest::Error, url: &Url) -> Error {
        let plain = kind.into_error(error, self.connect_timeout);
        if matches!(plain, Error::ConnectTimedOut(_)) {
            return plain;
        }
        let unusable_identity = self.unusable_identity.as_deref();
        let why = no_connection(error, self.routes.of(url), url.scheme() == "https", unusable_identity);
        why.map_or(plain, Error::NotConnected)
    }
}

fn make(settings: &Settings) -> Result<Connections, String> {
    let mut warnings = Vec::new();
    let ClientTls { mut config, unusable_identity } =
        client_tls(&settings.tls, &mut |warning| warnings.push(warning))
            .map_err(|error| error.to_string())?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    let routes = Arc::new(Routes::new(&settings.proxies));
    let fresh = FreshConnections::default();
    let client = client(settings, config, &routes, &fresh)?;
    let connect_timeout = settings.connect_timeout;
    Ok(Connections { client, warnings, fresh, connect_timeout, routes, unusable_identity })
}

fn client(
    settings: &Settings,
    tls: rustls::ClientConfig,
    routes: &Arc<Routes>,
    fresh: &FreshConnections,
) -> Result<reqwest::Client, String> {
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        // Of requests to proxies; servers are sent the request's own header.
        .user_agent(AGENT)
        // Repetitions and redirects are decided here and in the core, not underneath.
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        // The environment was read on the JavaScript thread.
        .no_proxy()
        .connector_layer(ConnectLimitLayer(fresh.clone()));
    if let Some(timeout) = settings.connect_timeout {
        builder = builder.connect_timeout(timeout);
    }
    for proxy in routes.proxies() {
        builder = builder.proxy(proxy);
    }
    tune(builder).build().map_err(|error| error.to_string())
}
