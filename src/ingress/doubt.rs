//! Entries of which it is unknown whether they are stored, and how the log answers that.

use std::collections::VecDeque;

use super::entry_uuid::EntryUuid;
use super::read::{Refused, Sink, uuid_of};
use super::slice::Slice;

/// So many entries of a session are remembered as unsure.
const REMEMBERED: usize = 1000;

/// It is unknown whether an entry is stored.
#[derive(Clone, Debug, Default)]
pub(crate) struct Doubt {
    /// The entry that a conflict named as the server's head. A log without it is older than the conflict,
    /// and proves nothing.
    pub(crate) named: Option<EntryUuid>,
}

/// Entries whose append ended without success while they may have been stored, latest last.
#[derive(Default)]
pub(crate) struct Unsure(VecDeque<(EntryUuid, Doubt)>);

impl Unsure {
    pub(crate) fn recall(&self, uuid: &EntryUuid) -> Option<Doubt> {
        self.0.iter().find(|(unsure, _)| unsure == uuid).map(|(_, doubt)| doubt.clone())
    }

    pub(crate) fn remember(&mut self, uuid: EntryUuid, doubt: Doubt) {
        self.forget(&uuid);
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((uuid, doubt));
    }

    pub(crate) fn forget(&mut self, uuid: &EntryUuid) {
        self.0.retain(|(unsure, _)| unsure != uuid);
    }
}

/// What a log says about one entry: a sink that looks at the entries' uuids and drops their text.
pub(crate) struct Search<'a> {
    own: &'a EntryUuid,
    named: Option<&'a EntryUuid>,
    /// The entry itself is in the log.
    pub(crate) has_own: bool,
    /// So is the entry that the conflict named.
    pub(crate) has_named: bool,
    /// The last uuid in the log; entries without one are passed over.
    pub(crate) last: Option<EntryUuid>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(own: &'a EntryUuid, named: Option<&'a EntryUuid>) -> Self {
        Self { own, named, has_own: false, has_named: false, last: None }
    }
}

impl Sink for Search<'_> {
    async fn accept(&mut self, slice: Slice) -> Result<(), Refused> {
        for entry in slice.entries() {
            if let Some(uuid) = uuid_of(entry)? {
                self.has_own |= uuid == *self.own;
                self.has_named |= self.named.is_some_and(|named| uuid == *named);
                self.last = Some(uuid);
            }
        }
        Ok(())
    }

    async fn truncate(&mut self, _entries: usize) -> Result<(), Refused> {
        // Only ever to nothing: a log is one array.
        (self.has_own, self.has_named, self.last) = (false, false, None);
        Ok(())
    }

    async fn complete(&mut self) -> Result<(), Refused> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uuid(number: usize) -> EntryUuid {
        EntryUuid::new(number.to_string()).unwrap()
    }

    #[test]
    fn the_last_1000_are_remembered() {
        let mut unsure = Unsure::default();
        for number in 0..1001 {
            unsure.remember(uuid(number), Doubt { named: Some(uuid(number + 1)) });
        }
        assert!(unsure.recall(&uuid(0)).is_none());
        assert_eq!(unsure.recall(&uuid(1)).unwrap().named, Some(uuid(2)));
        assert_eq!(unsure.recall(&uuid(1000)).unwrap().named, Some(uuid(1001)));
    }

    #[test]
    fn one_that_is_stored_after_all_is_forgotten() {
        let mut unsure = Unsure::default();
        unsure.remember(uuid(1), Doubt::default());
        unsure.remember(uuid(1), Doubt::default());
        unsure.forget(&uuid(1));
        assert!(unsure.recall(&uuid(1)).is_none());
    }
}
