//! Clients, whose connections the process shares.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::OnceCell;

use super::failure::describe;
use super::message::Failure;
use super::settings::Settings;
use super::tuning::{Versions, tune};
use super::{proxy, trust};

/// A client of given settings. Its connections are shared by all clients of equal settings in the process.
#[derive(Clone)]
pub(crate) struct Client(Arc<Shared>);

struct Shared {
    settings: Settings,
    /// Built at the first request, off the JavaScript thread: it reads certificate stores from disk.
    inner: OnceCell<reqwest::Client>,
    /// Since a server said that it must be spoken to by HTTP/1.1, which then all are.
    http1_required: AtomicBool,
    http1: OnceCell<reqwest::Client>,
}

impl Client {
    pub(crate) fn shared(settings: Settings) -> Self {
        static CLIENTS: OnceLock<Mutex<HashMap<Settings, Weak<Shared>>>> = OnceLock::new();
        let clients = CLIENTS.get_or_init(Mutex::default);
        let mut clients = clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = clients.get(&settings).and_then(Weak::upgrade) {
            return Self(shared);
        }
        // A client that nobody uses any more is gone, with its connections.
        clients.retain(|_, shared| shared.strong_count() > 0);
        let shared = Arc::new(Shared {
            settings: settings.clone(),
            inner: OnceCell::new(),
            http1_required: AtomicBool::new(false),
            http1: OnceCell::new(),
        });
        clients.insert(settings, Arc::downgrade(&shared));
        Self(shared)
    }

    pub(super) fn connect_timeout(&self) -> Option<Duration> {
        self.0.settings.connect_timeout
    }

    pub(super) async fn inner(&self) -> Result<&reqwest::Client, Failure> {
        let Shared { settings, inner, http1_required, http1 } = &*self.0;
        let (cell, versions) = if http1_required.load(Ordering::Relaxed) {
            (http1, Versions::Http1)
        } else {
            (inner, Versions::All)
        };
        cell.get_or_try_init(async || build(settings, versions).map_err(Failure::NotConnected)).await
    }

    /// Speaks HTTP/1.1 alone from now on.
    pub(super) fn require_http1(&self) {
        self.0.http1_required.store(true, Ordering::Relaxed);
    }
}

fn build(settings: &Settings, versions: Versions) -> Result<reqwest::Client, String> {
    let mut tls = trust::tls_config(settings.extra_ca_certs.as_deref()).map_err(|error| error.to_string())?;
    tls.alpn_protocols = versions.alpn();
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        // What is repeated, and what is followed, is decided here and in the core, not underneath.
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        // The environment was read on the JavaScript thread.
        .no_proxy();
    if let Some(limit) = settings.connect_timeout {
        builder = builder.connect_timeout(limit);
    }
    for proxy in proxy::proxies(settings) {
        builder = builder.proxy(proxy);
    }
    tune(builder).build().map_err(|error| describe(&error))
}
