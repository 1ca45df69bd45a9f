//! Clients, whose connections the process shares.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use tokio::sync::OnceCell;
use tokio::task::JoinError;

use super::build::Built;
use super::message::{Failure, Limit, within};
use super::settings::Settings;
use super::tuning::Versions;

/// A client of given settings. Its connections are shared by all clients of equal settings in the process.
#[derive(Clone)]
pub struct Client(Arc<Owned>);

/// What belongs to whoever asked for the client.
struct Owned {
    shared: Arc<Shared>,
    tell: Box<dyn Fn(&str) + Send + Sync>,
    told: AtomicBool,
}

struct Shared {
    settings: Settings,
    /// Built at the first request, off the JavaScript thread: it reads certificate stores from disk.
    built: OnceCell<Built>,
    /// Since a server said that it must be spoken to by HTTP/1.1, which then all are.
    http1_required: AtomicBool,
    http1: OnceCell<Built>,
}

impl Client {
    /// `tell` takes debug lines: at the first request, what was found out about the settings.
    pub fn shared(settings: Settings, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        let (shared, tell) = (Shared::of(settings), Box::new(tell));
        Self(Arc::new(Owned { shared, tell, told: AtomicBool::new(false) }))
    }

    /// The client for a request that begins now, built where it is not yet. Building reads files, which may be on
    /// a disk that does not answer: that takes no longer than a connection may.
    pub(super) async fn built(&self) -> Result<&Built, Failure> {
        let Owned { shared, tell, told } = &*self.0;
        let versions = shared.versions();
        let slot = shared.slot(versions);
        let built = match slot.get() {
            Some(built) => built,
            None => {
                let limit = shared.settings.connect_timeout;
                let limit = limit.map(|duration| Limit { name: "connectMs", duration });
                // A task of its own: one that nobody waits for any more goes on, and is the only one that reads.
                let building = tokio::spawn(shared.clone().build(versions));
                let built = within(limit, async { building.await.map_err(lost)? }).await;
                built.map_err(|failure| match failure {
                    Failure::TimedOut(limit) => Failure::ConnectTimedOut(limit),
                    failure => failure,
                })?;
                slot.get().ok_or_else(|| Failure::NotConnected("the client was not built".into()))?
            }
        };
        // Who finds the client built by others is told, too.
        if !built.notes.is_empty() && !told.swap(true, Ordering::Relaxed) {
            built.notes.iter().for_each(|note| tell(note));
        }
        Ok(built)
    }

    /// Speaks HTTP/1.1 alone from now on.
    pub(super) fn require_http1(&self) {
        self.0.shared.http1_required.store(true, Ordering::Relaxed);
    }
}

/// Building panicked.
fn lost(error: JoinError) -> Failure {
    Failure::NotConnected(error.to_string())
}

impl Shared {
    fn versions(&self) -> Versions {
        if self.http1_required.load(Ordering::Relaxed) { Versions::Http1 } else { Versions::All }
    }

    fn slot(&self, versions: Versions) -> &OnceCell<Built> {
        match versions {
            Versions::Http1 => &self.http1,
            Versions::All => &self.built,
        }
    }

    async fn build(self: Arc<Self>, versions: Versions) -> Result<(), Failure> {
        let build = || Built::new(self.settings.clone(), versions);
        self.slot(versions).get_or_try_init(build).await.map(|_| ())
    }

    fn of(settings: Settings) -> Arc<Self> {
        static CLIENTS: OnceLock<Mutex<HashMap<Settings, Weak<Shared>>>> = OnceLock::new();
        let clients = CLIENTS.get_or_init(Mutex::default);
        let mut clients = clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = clients.get(&settings).and_then(Weak::upgrade) {
            return shared;
        }
        // A client that nobody uses any more is gone, with its connections.
        clients.retain(|_, shared| shared.strong_count() > 0);
        let shared = Arc::new(Self {
            settings: settings.clone(),
            built: OnceCell::new(),
            http1_required: AtomicBool::new(false),
            http1: OnceCell::new(),
        });
        clients.insert(settings, Arc::downgrade(&shared));
        shared
    }
}
