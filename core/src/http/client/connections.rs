//! From settings to a client that is ready: trust, proxies, limits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Url;
use rustls::ClientConfig;

use super::panicked;
use super::send_error::SendErrorKind;
use super::tuning::{ALPN, tune};
use crate::http::config::Settings;
use crate::http::connect::{ConnectLimitLayer, FreshConnections, is_closed, no_connection};
use crate::http::error::Error;
use crate::http::headers::AGENT;
use crate::http::message::MAX_URL_BYTES;
use crate::http::proxy::{Route, Routes};
use crate::http::reason::Reason;
use crate::http::tls::{ClientTls, client_tls, perhaps_refused};

/// The time for which connections are used that were made without a file that could not be read for a passing reason.
const INCOMPLETE_FOR: Duration = Duration::from_secs(1);

/// The connections of given settings, and what is known about them.
pub(super) struct Connections {
    /// Findings from when they were made that do not stop anything: debug lines.
    pub(super) warnings: Vec<String>,
    // A std mutex: it is held for a few instructions, never across an await.
    pool: Mutex<Pool>,
    tls: ClientConfig,
    /// Whether the operating system's store was read, which takes as long as many requests.
    has_store: bool,
    connect_timeout: Option<Duration>,
    routes: Arc<Routes>,
    /// The reason for which the client certificate was left out.
    unusable_identity: Option<String>,
    /// The time at which they are to be made again, where a file may be readable then that was not now.
    outdated_at: Option<Instant>,
}

/// A client of reqwest, which has one pool of idle connections.
#[derive(Clone)]
pub(super) struct Pool {
    pub(super) client: reqwest::Client,
    pub(super) fresh: FreshConnections,
    generation: u64,
}

impl Connections {
    /// Reads certificates from disk, on a thread that may wait: those that a request to this URL needs and, where these
    /// replace an `old` one, those that it had.
    pub(super) async fn new(settings: Settings, url: Url, old: Option<&Self>) -> Result<Self, Error> {
        let had_store = old.is_some_and(|old| old.has_store);
        let made = tokio::task::spawn_blocking(move || make(&settings, &url, had_store)).await;
        made.map_err(panicked)?.map_err(|why| Error::NotConnected(why.into()))
    }

    /// Whether a request to this URL may use them: not where they are to be made again, or made with more.
    pub(super) fn serve(&self, url: &Url) -> bool {
        let is_outdated = self.outdated_at.is_some_and(|at| at <= Instant::now());
        !is_outdated && (self.has_store || !self.routes.need_tls(url))
    }

    fn pool_mut(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pool for a request that begins now.
    pub(super) fn pool(&self) -> Pool {
        self.pool_mut().clone()
    }

    /// The pool that takes the place of `old`, one of whose idle connections was found dead: the others of them are
    /// not used any more. Requests in flight keep their connections.
    pub(super) fn renew(&self, old: &Pool) -> Pool {
        let mut pool = self.pool_mut();
        if pool.generation == old.generation
            && let Ok(new) = Pool::new(&self.tls, &self.routes, self.connect_timeout, old.generation + 1)
        {
            *pool = new;
        }
        pool.clone()
    }

    /// Refuses a request whose URL is too long, or that would need a proxy that cannot be used.
    pub(super) fn check(&self, url: &Url) -> Result<(), Error> {
        if url.as_str().len() > MAX_URL_BYTES {
            return Err(Error::Unsendable(format!("the URL has more than {MAX_URL_BYTES} bytes")));
        }
        match self.routes.of(url) {
            Route::Misconfigured(why) => Err(Error::Unsendable(why.clone())),
            Route::Direct | Route::Via(_) => Ok(()),
        }
    }

    /// The error of a request, in words that say what kept it from its server. `had_asked`: it was the first on its
    /// connection, and the server had asked for a client certificate.
    pub(super) fn error(
        &self,
        kind: SendErrorKind,
        error: &reqwest::Error,
        url: &Url,
        had_asked: bool,
    ) -> Error {
        let plain = kind.into_error(error, self.connect_timeout);
        if matches!(plain, Error::ConnectTimedOut(_)) {
            return plain;
        }
        let unusable_identity = self.unusable_identity.as_deref();
        let route = self.routes.of(url);
        let why = no_connection(error, route, url.scheme() == "https", unusable_identity);
        match (why, plain) {
            (Some(why), _) => Error::NotConnected(Reason::of(error, why, matches!(route, Route::Via(_)))),
            (None, Error::Broken(why)) if had_asked && is_closed(error) => {
                let text = perhaps_refused(&why.to_string(), unusable_identity);
                Error::Broken(why.with_text(text))
            }
            (None, plain) => plain,
        }
    }
}

fn make(settings: &Settings, url: &Url, had_store: bool) -> Result<Connections, String> {
    let routes = Arc::new(Routes::new(&settings.proxies));
    let has_store = had_store || routes.need_tls(url);
    let mut warnings = Vec::new();
    let ClientTls { config: mut tls, unusable_identity, is_complete } =
        client_tls(&settings.tls, has_store, &mut |warning| warnings.push(warning))
            .map_err(|error| error.to_string())?;
    tls.alpn_protocols = vec![ALPN.to_vec()];
    let connect_timeout = settings.connect_timeout;
    let pool = Mutex::new(Pool::new(&tls, &routes, connect_timeout, 0)?);
    let outdated_at = (!is_complete).then(|| Instant::now() + INCOMPLETE_FOR);
    Ok(Connections {
        warnings,
        pool,
        tls,
        has_store,
        connect_timeout,
        routes,
        unusable_identity,
        outdated_at,
    })
}

impl Pool {
    fn new(
        tls: &ClientConfig,
        routes: &Arc<Routes>,
        connect_timeout: Option<Duration>,
        generation: u64,
    ) -> Result<Self, String> {
        let fresh = FreshConnections::default();
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls.clone())
            // Of requests to proxies; servers are sent the request's own header.
            .user_agent(AGENT)
            // Repetitions and redirects are decided here and in the core, not underneath.
            .retry(reqwest::retry::never())
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            // The environment was read on the JavaScript thread.
            .no_proxy()
            .connector_layer(ConnectLimitLayer(fresh.clone()));
        if let Some(timeout) = connect_timeout {
            builder = builder.connect_timeout(timeout);
        }
        for proxy in routes.proxies() {
            builder = builder.proxy(proxy);
        }
        let client = tune(builder).build().map_err(|error| error.to_string())?;
        Ok(Self { client, fresh, generation })
    }
}
