//! The entries of one session on their way to the disk, and from it.

mod steps;

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::open_file::{OpenFile, Unwritten};
use super::record::{MAX_BODY_BYTES, Origin, Removal, without_secrets};
use super::writer::OutboxCore;
use crate::sync::{Mutex, MutexGuard};

/// After so long at the latest, a file learns what was delivered of it.
const ACKNOWLEDGED_AFTER: Duration = Duration::from_millis(100);
/// Bytes that are read together, of entries whose turn comes one after the other.
const READ_AHEAD_BYTES: usize = 64 * 1024;
/// The largest session id and URL, together, of which a file is made.
const MAX_ORIGIN_BYTES: usize = 64 * 1024;

/// The entries that one instance appended to a session, in a file that nobody else writes. The file comes with the first
/// entry that is not delivered before it is written.
pub struct Spool {
    core: Arc<OutboxCore>,
    session_id: Arc<str>,
    queue: Mutex<Queue>,
    /// Used by one job at a time, for as long as the disk takes.
    file: Mutex<Option<OpenFile>>,
    /// What was read with an entry that stands before it in the file.
    ahead: Mutex<VecDeque<(u64, Bytes)>>,
    /// Signals each step of the file.
    stepped: Notify,
}

/// What is to be done, and what was done. Locked for a few instructions, never across a call of the disk.
#[derive(Default)]
struct Queue {
    url: String,
    entries: VecDeque<Unwritten>,
    /// Bytes of the records of `entries`.
    queued_bytes: u64,
    delivered: Option<(u64, Box<[u8]>)>,
    /// Whether the file has entries that `delivered` covers.
    acknowledge: bool,
    removed: Vec<(u64, Removal)>,
    /// The highest number of an entry that was written, and of one that is on the disk.
    written: u64,
    synced: u64,
    /// The last write, or sync, failed.
    is_failing: bool,
    ended: bool,
    due: Due,
}

/// When the file needs attention without being asked.
#[derive(Clone, Copy, Default)]
struct Due {
    write: Option<Instant>,
    acknowledge: Option<Instant>,
    sync: Option<Instant>,
    empty: Option<Instant>,
    close: Option<Instant>,
}

impl Due {
    fn earliest(&self) -> Option<Instant> {
        [self.write, self.acknowledge, self.sync, self.empty, self.close].into_iter().flatten().min()
    }
}

impl Spool {
    pub(super) fn new(core: Arc<OutboxCore>, session_id: &str, url: &str) -> Arc<Self> {
        let queue = Queue { url: without_secrets(url), ..Queue::default() };
        Self::with(core, session_id, queue, None)
    }

    pub(super) fn adopted(core: Arc<OutboxCore>, file: OpenFile, last_seq: u64) -> Arc<Self> {
        let Origin { session_id, url, .. } = file.origin.clone();
        let queue = Queue { url, written: last_seq, synced: last_seq, ..Queue::default() };
        Self::with(core, &session_id, queue, Some(file))
    }

    fn with(core: Arc<OutboxCore>, session_id: &str, queue: Queue, file: Option<OpenFile>) -> Arc<Self> {
        let spool = Arc::new(Self {
            core: Arc::clone(&core),
            session_id: session_id.into(),
            queue: Mutex::new(queue),
            file: Mutex::new(file),
            ahead: Mutex::default(),
            stepped: Notify::new(),
        });
        core.add(Arc::<Self>::clone(&spool));
        spool
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self) -> MutexGuard<'_, Option<OpenFile>> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues an entry to be written; the numbers `seq` rise. `from` is the session's head, empty where there is none.
    /// False where it will not be kept: it is too long for a record.
    pub fn append(self: &Arc<Self>, seq: u64, from: &[u8], uuid: &[u8], body: &Bytes) -> bool {
        let overhead = 64 + from.len() + uuid.len();
        {
            let mut queue = self.queue();
            let origin_bytes = self.session_id.len() + queue.url.len();
            if body.len() + overhead > MAX_BODY_BYTES || origin_bytes > MAX_ORIGIN_BYTES {
                return false;
            }
            let entry = Unwritten { seq, from: from.into(), uuid: uuid.into(), body: body.clone() };
            self.queued(&mut queue, entry.bytes());
            queue.entries.push_back(entry);
        }
        self.core.wake(&**self);
        true
    }

    /// Notes that the server has all entries up to `seq`, whose uuid is `uuid`.
    pub fn delivered(&self, seq: u64, uuid: &[u8]) {
        let (recovers, is_first) = {
            let mut queue = self.queue();
            let waited = !queue.entries.is_empty();
            while queue.entries.front().is_some_and(|entry| entry.seq <= seq) {
                let entry = queue.entries.pop_front();
                self.no_longer_queued(&mut queue, entry.map_or(0, |entry| entry.bytes()));
            }
            queue.delivered = Some((seq, uuid.into()));
            // What could not be written need not be written any more: another failure is a new one.
            let recovers = queue.is_failing && waited && queue.entries.is_empty() && queue.removed.is_empty();
            if recovers {
                (queue.is_failing, queue.due.write) = (false, None);
            }
            let is_first = queue.written > 0 && !queue.acknowledge;
            if is_first || recovers {
                queue.acknowledge = queue.written > 0;
                queue.due.acknowledge = Some(Instant::now() + ACKNOWLEDGED_AFTER);
            }
            (recovers, is_first)
        };
        if recovers {
            self.core.is_failing(None);
        }
        if is_first || recovers {
            self.core.wake_for_acknowledgement();
        }
    }

    /// Notes that an entry will not be delivered.
    pub fn removed(&self, seq: u64, why: Removal) {
        {
            let mut queue = self.queue();
            if let Some(at) = queue.entries.iter().position(|entry| entry.seq == seq) {
                let entry = queue.entries.remove(at);
                self.no_longer_queued(&mut queue, entry.map_or(0, |entry| entry.bytes()));
                return;
            }
            queue.removed.push((seq, why));
        }
        self.core.wake_for_acknowledgement();
    }

    /// The URL to which later entries go.
    pub fn moved(&self, url: &str) {
        self.queue().url = without_secrets(url);
    }

    fn queued(&self, queue: &mut Queue, bytes: u64) {
        queue.queued_bytes += bytes;
        self.core.queued(bytes);
    }

    fn no_longer_queued(&self, queue: &mut Queue, bytes: u64) {
        queue.queued_bytes -= bytes;
        self.core.no_longer_queued(bytes);
    }

    /// The highest number of an entry that was written: up to it, entries can be read from the file.
    pub fn written_through(&self) -> u64 {
        self.queue().written
    }

    /// Waits until the entry is on the disk; false where that fails, and it is in memory alone.
    pub async fn synced(self: &Arc<Self>, seq: u64) -> bool {
        loop {
            let stepped = self.stepped.notified();
            tokio::pin!(stepped);
            stepped.as_mut().enable();
            {
                let mut queue = self.queue();
                let is_delivered = queue.delivered.as_ref().is_some_and(|(through, _)| *through >= seq);
                if queue.synced >= seq || is_delivered {
                    return true;
                }
                if queue.is_failing || queue.ended {
                    return false;
                }
                queue.due.sync = Some(Instant::now());
            }
            self.core.wake(&**self);
            stepped.await;
        }
    }

    /// Reads the JSON of an entry from the file.
    pub async fn body(self: &Arc<Self>, seq: u64) -> io::Result<Bytes> {
        if let Some(body) = self.read_before(seq) {
            return Ok(body);
        }
        let this = Arc::clone(self);
        let read = move || match &*this.file() {
            Some(file) => {
                let (body, ahead) = file.read_ahead(seq, READ_AHEAD_BYTES)?;
                *this.ahead() = ahead;
                Ok(body)
            }
            None => Err(io::ErrorKind::NotFound.into()),
        };
        tokio::task::spawn_blocking(read).await.map_err(io::Error::other)?
    }

    fn ahead(&self) -> MutexGuard<'_, VecDeque<(u64, Bytes)>> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The JSON of an entry, where it was read with an earlier one.
    fn read_before(&self, seq: u64) -> Option<Bytes> {
        let mut ahead = self.ahead();
        while ahead.front().is_some_and(|(before, _)| *before < seq) {
            ahead.pop_front();
        }
        // It stays: a try that fails asks again.
        ahead.front().filter(|(first, _)| *first == seq).map(|(_, body)| body.clone())
    }

    /// Ends with the file: what is queued is written, and the lock is given up.
    pub fn end(&self) {
        self.queue().ended = true;
        self.core.wake_for_acknowledgement();
    }

    #[cfg(test)]
    pub(super) fn read(&self, seq: u64) -> io::Result<Vec<u8>> {
        self.file().as_ref().expect("there is a file").read(seq)
    }

    /// When the file was made; `None` where there is none, or where it is being written.
    pub fn created(&self) -> Option<u64> {
        self.file.try_lock().ok()?.as_ref().map(|file| file.name().created)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        let queued = self.queue().queued_bytes;
        self.core.no_longer_queued(queued);
    }
}
