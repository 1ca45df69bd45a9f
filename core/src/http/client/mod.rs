//! Clients, whose connections the process shares.

mod connections;
mod exchange;
mod request_progress;
mod send_error;
#[cfg(test)]
mod tests;
mod tuning;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use reqwest::Url;
use tokio::task::JoinError;

use super::config::Settings;
use super::error::{Error, Timeout, with_timeout};
use crate::panic::text_of;
use connections::Connections;

/// A client of given settings. Its connections are shared by all clients of equal settings in the process.
#[derive(Clone)]
pub struct Client(Arc<ClientHandle>);

/// The part of a client that belongs to its instance.
struct ClientHandle {
    inner: Arc<ClientInner>,
    warn: Box<dyn Fn(&str) + Send + Sync>,
    /// What it has warned of: each is said once.
    warned: Mutex<Vec<String>>,
}

/// The part of a client that is shared.
struct ClientInner {
    settings: Settings,
    /// Made at the first request, off the JavaScript thread: it reads certificates from disk. Made again at the first
    /// one that speaks TLS, with the operating system's store.
    // A std mutex: it is held for a few instructions, never across an await.
    connections: Mutex<Option<Arc<Connections>>>,
    /// Held while they are made, so that it is done once.
    making: tokio::sync::Mutex<()>,
}

impl Client {
    /// `warn` takes debug lines: at the first request, and at the first that speaks TLS, what was found out about the
    /// settings.
    pub fn shared(settings: Settings, warn: impl Fn(&str) + Send + Sync + 'static) -> Self {
        let (inner, warn) = (ClientInner::of(settings), Box::new(warn));
        Self(Arc::new(ClientHandle { inner, warn, warned: Mutex::default() }))
    }

    /// The connections for a request to this URL that begins now, made where they are not yet. That reads files, which may
    /// be on a disk that does not respond: it takes no longer than a connection may.
    async fn connections(&self, url: &Url) -> Result<Arc<Connections>, Error> {
        let ClientHandle { inner, warn, warned } = &*self.0;
        let connections = match inner.usable(url) {
            Some(connections) => connections,
            None => {
                let timeout = inner.settings.connect_timeout;
                let timeout = timeout.map(|duration| Timeout { name: "connectMs", duration });
                // A task of its own: it goes on where nobody waits for it any more, and is the only one that reads.
                let making = tokio::spawn(inner.clone().connect(url.clone()));
                let made = with_timeout(timeout, async { making.await.map_err(panicked)? }).await;
                made.map_err(|error| match error {
                    Error::TimedOut(timeout) => Error::ConnectTimedOut(timeout),
                    error => error,
                })?
            }
        };
        // An instance that finds the connections made by another one gets their warnings as well.
        for warning in &connections.warnings {
            let mut warned = warned.lock().unwrap_or_else(PoisonError::into_inner);
            if !warned.contains(warning) {
                warned.push(warning.clone());
                drop(warned);
                warn(warning);
            }
        }
        Ok(connections)
    }
}

/// The error of a task that panicked, as tokio does where the system refuses a thread.
fn panicked(error: JoinError) -> Error {
    let why = error.try_into_panic().map(|panic| text_of(&*panic).to_owned());
    Error::NotConnected(why.unwrap_or_else(|error| error.to_string()).into())
}

impl ClientInner {
    fn connections(&self) -> MutexGuard<'_, Option<Arc<Connections>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connections, unless they are to be made, or made again.
    fn usable(&self, url: &Url) -> Option<Arc<Connections>> {
        self.connections().clone().filter(|connections| connections.serve(url))
    }

    async fn connect(self: Arc<Self>, url: Url) -> Result<Arc<Connections>, Error> {
        let _making = self.making.lock().await;
        if let Some(connections) = self.usable(&url) {
            return Ok(connections);
        }
        let old = self.connections().clone();
        let connections = Arc::new(Connections::new(self.settings.clone(), url, old.as_deref()).await?);
        *self.connections() = Some(connections.clone());
        Ok(connections)
    }

    fn of(settings: Settings) -> Arc<Self> {
        static CLIENTS: OnceLock<Mutex<HashMap<Settings, Weak<ClientInner>>>> = OnceLock::new();
        let clients = CLIENTS.get_or_init(Mutex::default);
        let mut clients = clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(inner) = clients.get(&settings).and_then(Weak::upgrade) {
            return inner;
        }
        // A client that nobody uses any more is gone, with its connections.
        clients.retain(|_, inner| inner.strong_count() > 0);
        let inner = Arc::new(Self {
            settings: settings.clone(),
            connections: Mutex::default(),
            making: tokio::sync::Mutex::default(),
        });
        clients.insert(settings, Arc::downgrade(&inner));
        inner
    }
}
