//! The entries of a session that the server does not have yet.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use super::Settle;
use crate::append::{Cause, Retry};
use crate::outbox::Spool;
use crate::protocol::{EntryUuid, LogEndpoint, Timeouts};
use crate::sync::Mutex;

/// Bytes of a session's undelivered entries that stay in memory while it is deferred.
pub(super) const MAX_MEMORY: u64 = 2 * 1024 * 1024;

/// How a request of a session is made: that of the latest call serves those whose calls have settled.
#[derive(Clone)]
pub struct Means<T, R> {
    pub transport: T,
    pub reporter: R,
    pub endpoint: Arc<LogEndpoint>,
    pub retry: Retry,
    pub timeouts: Timeouts,
    /// False where the host has no token now, and the endpoint has an earlier one: nothing is sent before another.
    pub has_token: bool,
}

/// A call whose promise has not settled.
pub(super) struct Call<T, R> {
    pub(super) means: Means<T, R>,
    pub(super) settle: Settle,
}

/// Where entries are kept: the session's own file, one of an earlier owner, or nowhere.
pub(super) struct Source {
    pub(super) spool: Option<Arc<Spool>>,
    /// An earlier owner may have sent its entries, and its last request may still be on its way: until a `PUT` of it
    /// succeeds, the head is the one from which an entry is refused where it is stored.
    pub(super) doubt: Mutex<Option<Doubt>>,
    pub(super) is_adopted: bool,
}

#[derive(Clone, Default)]
pub(super) struct Doubt {
    pub(super) head: Option<EntryUuid>,
}

pub(super) enum Body {
    Memory(Bytes),
    /// To be read from its file when its turn comes.
    Disk,
}

pub(super) struct Queued<T, R> {
    pub(super) seq: u64,
    pub(super) uuid: EntryUuid,
    pub(super) body: Body,
    pub(super) bytes: u32,
    pub(super) source: Arc<Source>,
    /// `None` once its promise has settled: then it is deferred.
    pub(super) call: Option<Box<Call<T, R>>>,
    /// It was deferred, and appended again since.
    pub(super) was_deferred: bool,
    /// Its turn has come: it may have been sent.
    pub(super) has_begun: bool,
}

impl<T, R> Queued<T, R> {
    pub(super) fn is(&self, seq: u64, source: &Arc<Source>) -> bool {
        self.seq == seq && Arc::ptr_eq(&self.source, source)
    }

    /// Whether its text is in memory, and could be read from a file when its turn comes.
    fn is_on_disk_too(&self) -> bool {
        let is_written =
            || self.source.spool.as_ref().is_some_and(|spool| spool.written_through() >= self.seq);
        matches!(self.body, Body::Memory(_)) && self.call.is_none() && is_written()
    }
}

/// Why a session is deferred, and until when.
#[derive(Clone, Copy)]
pub(super) struct Deferral {
    pub(super) cause: Cause,
    /// Failed tries in a row, the first round included.
    pub(super) failures: u32,
    /// Not before then, but for an append of the host.
    pub(super) due: Instant,
    /// Entries that the server had taken of all sessions at the last failure, and how often it has taken some in between.
    pub(super) successes: u64,
    pub(super) strikes: u32,
}

pub(super) struct Queue<T, R> {
    pub(super) entries: VecDeque<Queued<T, R>>,
    /// Hashes of the uuids in `entries`, each with its number: to find one without looking at all.
    hashes: HashMap<u64, u32>,
    pub(super) means: Option<Means<T, R>>,
    pub(super) deferral: Option<Deferral>,
    pub(super) own: Option<Arc<Source>>,
    pub(super) last_seq: u64,
    pub(super) is_working: bool,
    /// Something of the queue was sent: orphans that are found now come late.
    pub(super) has_sent: bool,
    /// An append of the host, or a new token, asks for a try.
    pub(super) is_urgent: bool,
    /// A try is under way, or one after the other.
    pub(super) is_draining: bool,
    /// The outbox had no room for an entry of it.
    pub(super) was_refused: bool,
    /// Entries without a pending promise, and their bytes.
    pub(super) deferred: u64,
    pub(super) deferred_bytes: u64,
    /// Of them, delivered since there were any.
    pub(super) recovered: u64,
    /// Of all time.
    pub(super) all_recovered: u64,
    /// Of `entries`, those whose text is in memory: their bytes.
    pub(super) memory: u64,
    /// Texts are let go of once `memory` is more than this.
    spills_beyond: u64,
    /// The highest number in the file when that was done last.
    spilled_at: u64,
    /// Refusals in a row of the entry at the front, and when they began.
    pub(super) refusals: u32,
    pub(super) refused_since: Option<Instant>,
    pub(super) last_was_dead: bool,
    /// Rounds and tries that have failed: for reads that wait for one.
    pub(super) failed_tries: u64,
}

impl<T, R> Default for Queue<T, R> {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
            hashes: HashMap::new(),
            means: None,
            deferral: None,
            own: None,
            last_seq: 0,
            is_working: false,
            has_sent: false,
            is_urgent: false,
            is_draining: false,
            was_refused: false,
            deferred: 0,
            deferred_bytes: 0,
            recovered: 0,
            all_recovered: 0,
            memory: 0,
            spills_beyond: MAX_MEMORY,
            spilled_at: 0,
            refusals: 0,
            refused_since: None,
            last_was_dead: false,
            failed_tries: 0,
        }
    }
}

impl<T, R> Queue<T, R> {
    pub(super) fn push(&mut self, entry: Queued<T, R>) {
        self.note(&entry);
        self.entries.push_back(entry);
    }

    /// Puts the entries of an earlier owner before those of this one.
    pub(super) fn insert(&mut self, at: usize, entry: Queued<T, R>) {
        self.note(&entry);
        self.entries.insert(at, entry);
    }

    fn note(&mut self, entry: &Queued<T, R>) {
        *self.hashes.entry(hash(&entry.uuid)).or_default() += 1;
        if entry.call.is_none() {
            self.deferred += 1;
            self.deferred_bytes += u64::from(entry.bytes);
        }
        if matches!(entry.body, Body::Memory(_)) {
            self.memory += u64::from(entry.bytes);
        }
    }

    pub(super) fn position(&self, uuid: &EntryUuid) -> Option<usize> {
        self.hashes.get(&hash(uuid))?;
        self.entries.iter().position(|entry| entry.uuid == *uuid)
    }

    pub(super) fn remove(&mut self, at: usize) -> Option<Queued<T, R>> {
        let entry = self.entries.remove(at)?;
        let hash = hash(&entry.uuid);
        if let Some(count) = self.hashes.get_mut(&hash) {
            *count -= 1;
            if *count == 0 {
                self.hashes.remove(&hash);
            }
        }
        if entry.call.is_none() {
            self.deferred -= 1;
            self.deferred_bytes -= u64::from(entry.bytes);
        }
        if matches!(entry.body, Body::Memory(_)) {
            self.memory -= u64::from(entry.bytes);
        }
        if self.entries.is_empty() {
            self.hashes = HashMap::new();
            self.entries = VecDeque::new();
        }
        Some(entry)
    }

    /// Takes the call of an entry, which is deferred from now on.
    pub(super) fn take_call(&mut self, at: usize) -> Option<Box<Call<T, R>>> {
        let entry = self.entries.get_mut(at)?;
        let call = entry.call.take()?;
        self.deferred += 1;
        self.deferred_bytes += u64::from(entry.bytes);
        Some(call)
    }

    /// Gives an entry that is deferred the call that appended it again.
    pub(super) fn give_call(&mut self, at: usize, call: Call<T, R>) {
        let entry = &mut self.entries[at];
        self.deferred -= 1;
        self.deferred_bytes -= u64::from(entry.bytes);
        (entry.call, entry.was_deferred) = (Some(Box::new(call)), true);
    }

    /// Lets go of texts that are in a file, where an append has made them too much for memory.
    pub(super) fn spill_grown(&mut self) {
        // While the disk is full there is nothing to let go of: not to look at all of them with each append.
        if self.memory > self.spills_beyond
            || self.memory > MAX_MEMORY && self.written_through() != self.spilled_at
        {
            self.spill();
        }
    }

    /// Lets go of texts that are in a file, where they are too much for memory.
    pub(super) fn spill(&mut self) {
        if self.memory > MAX_MEMORY {
            self.spilled_at = self.written_through();
            self.spill_where(Queued::is_on_disk_too);
        }
    }

    /// The highest number in the session's own file.
    fn written_through(&self) -> u64 {
        let spool = self.own.as_ref().and_then(|own| own.spool.as_ref());
        spool.map_or(0, |spool| spool.written_through())
    }

    /// Looks at entries from the last one on. Half of the memory is made free, so that many appends pass until the next
    /// look; where that is not possible, until the memory has grown by half.
    fn spill_where(&mut self, mut may_go: impl FnMut(&Queued<T, R>) -> bool) {
        for entry in self.entries.iter_mut().rev() {
            if self.memory <= MAX_MEMORY / 2 {
                break;
            }
            if may_go(entry) {
                entry.body = Body::Disk;
                self.memory -= u64::from(entry.bytes);
            }
        }
        self.spills_beyond = MAX_MEMORY.max(self.memory + self.memory / 2);
    }
}

fn hash(uuid: &EntryUuid) -> u64 {
    let mut hasher = DefaultHasher::new();
    uuid.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRIES: u64 = 20_000;

    /// How often an entry is looked at while that many of 1 KB are appended to a deferred session, the last `unwritten` of
    /// which are never in the file; and the most bytes in memory.
    fn looks(unwritten: u64) -> (u64, u64) {
        let source = Arc::new(Source { spool: None, doubt: Mutex::default(), is_adopted: false });
        let mut queue = Queue::<(), ()>::default();
        let (mut looks, mut most) = (0, 0);
        for seq in 1..=ENTRIES {
            let body = Body::Memory(Bytes::from_static(&[b'x'; 1024]));
            queue.push(Queued {
                seq,
                uuid: EntryUuid::new(seq.to_string()).unwrap(),
                body,
                bytes: 1024,
                source: Arc::clone(&source),
                call: None,
                was_deferred: false,
                has_begun: false,
            });
            if queue.memory > queue.spills_beyond {
                queue.spill_where(|entry| {
                    looks += 1;
                    matches!(entry.body, Body::Memory(_)) && entry.seq + unwritten <= seq
                });
            }
            most = most.max(queue.memory);
        }
        (looks, most)
    }

    #[test]
    fn an_append_to_a_deferred_session_looks_at_few_entries_whatever_their_number() {
        let (looks_of_full_disk, _) = looks(ENTRIES);
        assert!(looks_of_full_disk < 4 * ENTRIES, "{looks_of_full_disk}");
        for unwritten in [0, 1, 100, 500] {
            let (looks, most) = looks(unwritten);
            assert!(looks < 6 * ENTRIES && most <= MAX_MEMORY + 1024, "{unwritten}: {looks}, {most}");
        }
    }
}
