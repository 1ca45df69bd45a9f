//! Clients, whose connections the process shares.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use tokio::sync::OnceCell;
use tokio::task::JoinError;

use super::build::Built;
use super::error::{Failure, Limit, within};
use super::settings::Settings;

/// A client of given settings. Its connections are shared by all clients of equal settings in the process.
#[derive(Clone)]
pub(crate) struct Client(Arc<Owned>);

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
}

impl Client {
    /// `tell` takes debug lines: at the first request, what was found out about the settings.
    pub(crate) fn shared(settings: Settings, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        let (shared, tell) = (Shared::of(settings), Box::new(tell));
        Self(Arc::new(Owned { shared, tell, told: AtomicBool::new(false) }))
    }

    /// The client for a request that begins now, built where it is not yet. Building reads files, which may be on
    /// a disk that does not answer: that takes no longer than a connection may.
    pub(super) async fn built(&self) -> Result<&Built, Failure> {
        let Owned { shared, tell, told } = &*self.0;
        let built = match shared.built.get() {
            Some(built) => built,
            None => {
                let limit = shared.settings.connect_timeout;
                let limit = limit.map(|duration| Limit { name: "connectMs", duration });
                // A task of its own: one that nobody waits for any more goes on, and is the only one that reads.
                let building = tokio::spawn(shared.clone().build());
                let built = within(limit, async { building.await.map_err(lost)? }).await;
                built.map_err(|failure| match failure {
                    Failure::TimedOut(limit) => Failure::ConnectTimedOut(limit),
                    failure => failure,
                })?;
                shared.built.get().ok_or_else(|| Failure::NotConnected("the client was not built".into()))?
            }
        };
        // Who finds the client built by others is told, too.
        if !built.notes.is_empty() && !told.swap(true, Ordering::Relaxed) {
            built.notes.iter().for_each(|note| tell(note));
        }
        Ok(built)
    }
}

/// Building panicked.
fn lost(error: JoinError) -> Failure {
    Failure::NotConnected(error.to_string())
}

impl Shared {
    async fn build(self: Arc<Self>) -> Result<(), Failure> {
        self.built.get_or_try_init(|| Built::new(self.settings.clone())).await.map(|_| ())
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
        let shared = Arc::new(Self { settings: settings.clone(), built: OnceCell::new() });
        clients.insert(settings, Arc::downgrade(&shared));
        shared
    }
}
