//! The entries of a session whose appends have not settled.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ptr;
use std::sync::Arc;

use bytes::Bytes;

use crate::protocol::{EntryUuid, LogEndpoint};

/// The bytes at each end of a body that count for its hash.
const HASHED_BYTES: usize = 64;

/// An entry whose append has not settled. Two are equal where the same bytes with the same uuid go to the same URL.
pub struct PendingEntry {
    uuid: EntryUuid,
    body: Bytes,
    endpoint: Arc<LogEndpoint>,
    /// Made once: an entry is looked up, added and removed.
    hash: u64,
}

impl PendingEntry {
    pub fn new(uuid: EntryUuid, body: Bytes, endpoint: Arc<LogEndpoint>) -> Self {
        // Not of the uuid alone: a host may append an entry again and again as it grows, and each call would be
        // compared with all before it. Nor of the whole body, which may be long.
        let (start, end) = (body.len().min(HASHED_BYTES), body.len().saturating_sub(HASHED_BYTES));
        let mut state = DefaultHasher::new();
        uuid.hash(&mut state);
        endpoint.url().hash(&mut state);
        body.len().hash(&mut state);
        body[..start].hash(&mut state);
        body[end..].hash(&mut state);
        Self { hash: state.finish(), uuid, body, endpoint }
    }

    pub fn uuid(&self) -> &EntryUuid {
        &self.uuid
    }

    pub fn body(&self) -> &Bytes {
        &self.body
    }
}

impl PartialEq for PendingEntry {
    fn eq(&self, other: &Self) -> bool {
        // Itself, where it is removed: a long body is not compared then.
        if ptr::eq(self, other) {
            return true;
        }
        self.hash == other.hash
            && self.uuid == other.uuid
            && self.body == other.body
            && self.endpoint.is_same_log(&other.endpoint)
    }
}

impl Eq for PendingEntry {}

impl Hash for PendingEntry {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hash.hash(state);
    }
}

/// The pending entries of a session, each with the operations that joined its append. Used only on the JavaScript
/// thread, where an append is pending until its promise has settled.
#[derive(Default)]
pub(super) struct PendingEntries(HashMap<Arc<PendingEntry>, Calls>);

/// The operations of an entry.
struct Calls {
    first: u64,
    joined: Vec<u64>,
}

impl PendingEntries {
    /// Joins `operation` to the pending append of the same entry, and gives that of the first call; `None` where there is
    /// none.
    pub(super) fn join(&mut self, entry: &PendingEntry, operation: u64) -> Option<u64> {
        let calls = self.0.get_mut(entry)?;
        calls.joined.push(operation);
        Some(calls.first)
    }

    /// Adds an entry whose append begins.
    pub(super) fn add(&mut self, entry: Arc<PendingEntry>, operation: u64) {
        self.0.insert(entry, Calls { first: operation, joined: Vec::new() });
    }

    /// The operations that joined the append of an entry, in order.
    pub(super) fn joined(&self, entry: &PendingEntry) -> Vec<u64> {
        self.0.get(entry).map(|calls| calls.joined.clone()).unwrap_or_default()
    }

    /// Removes an entry that settles; returns the operations that joined its append, in order.
    pub(super) fn remove(&mut self, entry: &PendingEntry) -> Vec<u64> {
        self.0.remove(entry).map(|calls| calls.joined).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(uuid: &str, body: impl Into<Bytes>, url: &str, token: &str) -> PendingEntry {
        let endpoint = Arc::new(LogEndpoint::new(url, token).unwrap());
        PendingEntry::new(EntryUuid::new(uuid).unwrap(), body.into(), endpoint)
    }

    const URL: &str = "http://a.test/log";

    #[test]
    fn the_same_entry_joins_its_pending_append_whatever_the_token() {
        let mut entries = PendingEntries::default();
        assert_eq!(entries.join(&entry("a", "{}", URL, "token"), 1), None);
        entries.add(Arc::new(entry("a", "{}", URL, "token")), 1);
        assert_eq!(entries.join(&entry("a", "{}", URL, "token"), 2), Some(1));
        assert_eq!(entries.join(&entry("a", "{}", URL, "other"), 3), Some(1));
        assert_eq!(entries.joined(&entry("a", "{}", URL, "token")), [2, 3]);
        assert_eq!(entries.remove(&entry("a", "{}", URL, "token")), [2, 3]);
        assert_eq!(entries.join(&entry("a", "{}", URL, "token"), 4), None);
        assert!(entries.0.is_empty());
    }

    #[test]
    fn entries_that_share_a_uuid_are_told_apart_by_their_hashes_and_not_one_by_one() {
        let long = |start: &str, end: &str| {
            let body = format!("{start}{}{end}", "x".repeat(10 * HASHED_BYTES));
            entry("a", body, URL, "token")
        };
        let hashes = [
            entry("a", "", URL, "token").hash,
            entry("a", "1", URL, "token").hash,
            entry("a", "2", URL, "token").hash,
            entry("a", "1", "http://a.test/other", "token").hash,
            long("1", "1").hash,
            long("1", "2").hash,
            long("2", "1").hash,
            long("", "1").hash,
        ];
        assert_eq!(hashes.iter().collect::<std::collections::HashSet<_>>().len(), hashes.len());
        assert_eq!(entry("a", "1", URL, "other").hash, hashes[1], "the token does not count");
    }

    #[test]
    fn an_entry_with_another_uuid_or_other_bytes_or_for_another_url_does_not_join() {
        let mut entries = PendingEntries::default();
        entries.add(Arc::new(entry("a", "{}", URL, "token")), 1);
        for other in [
            entry("b", "{}", URL, "token"),
            entry("a", "{ }", URL, "token"),
            entry("a", "{}", "http://a.test/other", "token"),
        ] {
            assert_eq!(entries.join(&other, 2), None);
            assert_eq!(entries.remove(&other), [0; 0]);
        }
    }
}
