//! The outbox: a folder that keeps entries until the server has them, through crashes and the end of the process.
//!
//! Each session of an instance has a file of its own, which is appended to, and whose lock ends with its process. What is
//! left of a file is delivered by whoever takes the lock next. docs/specification.md, section 11, has the rules.

mod adopt;
mod code;
mod directory;
mod files;
mod list;
mod name;
mod open_file;
mod record;
mod scan;
mod spool;
#[cfg(test)]
pub(crate) mod tests;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;

use writer::OutboxCore;

pub use adopt::{Adopted, AdoptedEntry, Look};
pub use files::{Disk, Files, Listed, SpoolFile, Standing};
pub use list::{Discarded, ListedSession, Whereabouts};
pub use record::{Origin, Removal};
pub use spool::Spool;

/// The options of an outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxOptions {
    /// The folder, absolute.
    pub dir: String,
    /// What an append means whose attempts are used up while its entry is kept on disk: `true` where this is set.
    pub settle_durable: bool,
    /// Bytes that the folder may take. Default: 1 GiB.
    pub max_bytes: u64,
    /// What is older, and still refused, is not tried any more. `None`: no limit. Default: 30 days.
    pub max_age: Option<Duration>,
    /// The longest wait between two tries. Default: 5 minutes.
    pub max_delay: Duration,
    /// Undelivered entries are synced to the disk so long after they were written. Default: 500 ms.
    pub sync_after: Duration,
}

impl OutboxOptions {
    /// The defaults, for a folder.
    pub fn new(dir: String) -> Self {
        Self {
            dir,
            settle_durable: false,
            max_bytes: 1 << 30,
            max_age: Some(Duration::from_secs(30 * 24 * 60 * 60)),
            max_delay: Duration::from_secs(300),
            sync_after: Duration::from_millis(500),
        }
    }
}

/// Something that a host is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Writing or syncing begins to fail.
    WriteFailed { code: &'static str },
    /// There is no outbox.
    Unavailable { code: &'static str },
    /// So many bytes of a file cannot be read.
    Corrupt { bytes: u64 },
    /// So many entries became too old.
    Expired { entries: usize },
}

/// The outbox of an instance. Nothing touches the disk before the first entry does.
pub struct Outbox {
    core: Arc<OutboxCore>,
    options: OutboxOptions,
}

impl Outbox {
    pub fn new(
        options: OutboxOptions,
        files: Arc<dyn Files>,
        runtime: Handle,
        on_event: impl Fn(Event) + Send + Sync + 'static,
    ) -> Self {
        Self { core: Arc::new(OutboxCore::new(&options, files, runtime, on_event)), options }
    }

    pub fn options(&self) -> &OutboxOptions {
        &self.options
    }

    /// The spool of a session whose entries go to `url`. Its file comes with the first entry that has to be kept.
    pub fn spool(&self, session_id: &str, url: &str) -> Arc<Spool> {
        Spool::new(Arc::clone(&self.core), session_id, url)
    }

    /// Whether there is a folder to keep entries in. Touches the disk.
    pub fn is_available(&self) -> bool {
        self.core.prepare().is_ok()
    }

    /// Whether another entry of `bytes` bytes fits `maxBytes`. After a refusal, a tenth of the room must be free.
    pub fn has_room(&self, bytes: usize, was_refused: bool) -> bool {
        self.core.has_room(bytes as u64, if was_refused { 0.1 } else { 0.0 })
    }

    /// Takes the orphans of a session, or of all, that are `wanted`.
    pub async fn adopt(
        &self,
        session_id: Option<String>,
        wanted: impl Fn(&Origin) -> bool + Send + 'static,
    ) -> Look {
        let (core, options) = (Arc::clone(&self.core), self.options.clone());
        let look = move || adopt::adopt(&core, &options, session_id.as_deref(), &wanted);
        tokio::task::spawn_blocking(look).await.unwrap_or_default()
    }

    /// Brings the files up to date, now.
    pub async fn settled(&self) {
        let spools = self.core.spools();
        let step = move || {
            for spool in spools {
                spool.step(Instant::now());
            }
        };
        tokio::task::spawn_blocking(step).await.ok();
    }

    /// Writes what is queued on this thread, for a second at most, and what is appended from now on at once: for the end
    /// of the event loop.
    pub fn write_now(&self) {
        self.core.write_before(Instant::now() + Duration::from_secs(1));
    }

    /// Writes what is queued, and gives up the locks: another owner can go on.
    pub fn close(&self) {
        self.core.close(Instant::now() + Duration::from_secs(1));
    }
}
