//! From settings to a client that is ready: trust, proxies, and what it says when no connection comes to
//! stand.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;

use super::error::Failure;
use super::explain::no_connection;
use super::headers::AGENT;
use super::proxy::{Route, Routes};
use super::settings::Settings;
use super::tls::{ClientTls, client_tls};
use super::tuning::{ALPN, tune};

/// A client, and what is known about its connections.
pub(super) struct Built {
    pub(super) client: reqwest::Client,
    /// What was found out while building, and does not stop anything: debug lines.
    pub(super) notes: Vec<String>,
    pub(super) connect_timeout: Option<Duration>,
    routes: Arc<Routes>,
    /// Why the client certificate was left out.
    unusable_identity: Option<String>,
}

impl Built {
    /// Reads certificates from disk, on a thread that may wait.
    pub(super) async fn new(settings: Settings) -> Result<Self, Failure> {
        let built = tokio::task::spawn_blocking(move || build(&settings)).await;
        built.unwrap_or_else(|error| Err(error.to_string())).map_err(Failure::NotConnected)
    }

    /// Refuses what would need a proxy that cannot be.
    pub(super) fn check(&self, url: &Url) -> Result<(), Failure> {
        match self.routes.of(url) {
            Route::Nowhere(why) => Err(Failure::Unsendable(why.clone())),
            Route::Direct | Route::Via(_) => Ok(()),
        }
    }

    /// What kept a request from its server, so that the server has seen nothing of it; `None` where that is not
    /// so, or not known.
    pub(super) fn no_connection(&self, error: &reqwest::Error, url: &Url) -> Option<String> {
        let unusable_identity = self.unusable_identity.as_deref();
        no_connection(error, self.routes.of(url), url.scheme() == "https", unusable_identity)
    }
}

fn build(settings: &Settings) -> Result<Built, String> {
    let mut notes = Vec::new();
    let ClientTls { mut config, unusable_identity } =
        client_tls(&settings.tls, &mut |note| notes.push(note)).map_err(|error| error.to_string())?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    let routes = Arc::new(Routes::new(&settings.proxies));
    let client = client(settings, config, &routes)?;
    Ok(Built { client, notes, connect_timeout: settings.connect_timeout, routes, unusable_identity })
}

fn client(
    settings: &Settings,
    tls: rustls::ClientConfig,
    routes: &Arc<Routes>,
) -> Result<reqwest::Client, String> {
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        // Of requests to proxies; servers are told by the protocol's own header.
        .user_agent(AGENT)
        // What is repeated, and what is followed, is decided here and in the core, not underneath.
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        // The environment was read on the JavaScript thread.
        .no_proxy();
    if let Some(limit) = settings.connect_timeout {
        builder = builder.connect_timeout(limit);
    }
    for proxy in routes.proxies() {
        builder = builder.proxy(proxy);
    }
    tune(builder).build().map_err(|error| error.to_string())
}
