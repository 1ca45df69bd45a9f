//! What a log says about an entry in doubt.

use crate::json::EntryBatch;
use crate::protocol::EntryUuid;
use crate::read::{Sink, SinkError, uuid_of};

/// A sink that looks for an entry by the uuids that pass, and drops their text.
pub(super) struct LogScan<'a> {
    own: &'a EntryUuid,
    named: Option<&'a EntryUuid>,
    /// The entry itself is in the log.
    pub(super) has_own: bool,
    /// So is the entry that the conflict named.
    pub(super) has_named: bool,
    /// The last uuid in the log; entries without one are passed over.
    pub(super) last: Option<EntryUuid>,
}

impl<'a> LogScan<'a> {
    pub(super) fn new(own: &'a EntryUuid, named: Option<&'a EntryUuid>) -> Self {
        Self { own, named, has_own: false, has_named: false, last: None }
    }
}

impl Sink for LogScan<'_> {
    async fn accept(&mut self, slice: EntryBatch) -> Result<(), SinkError> {
        for entry in slice.entries() {
            if let Some(uuid) = uuid_of(entry)? {
                self.has_own |= uuid == *self.own;
                self.has_named |= self.named.is_some_and(|named| uuid == *named);
                self.last = Some(uuid);
            }
        }
        Ok(())
    }

    async fn truncate(&mut self, _entries: usize) -> Result<(), SinkError> {
        // Only ever to nothing: a log is one array.
        (self.has_own, self.has_named, self.last) = (false, false, None);
        Ok(())
    }

    async fn complete(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}
