//! Entries in doubt: it is unknown whether they are stored.

use std::collections::VecDeque;

use crate::protocol::EntryUuid;

/// Maximum number of entries in doubt that are remembered for a session.
const MAX_REMEMBERED: usize = 1000;

/// Evidence about an entry in doubt.
#[derive(Clone, Debug, Default)]
pub struct InDoubt {
    /// The entry that a conflict named as the head of the server. A log without that entry is older than the conflict,
    /// and proves nothing.
    pub named: Option<EntryUuid>,
}

/// The entries in doubt of a session, latest last: their appends failed, but the server may have stored them.
#[derive(Default)]
pub struct EntriesInDoubt(VecDeque<(EntryUuid, InDoubt)>);

impl EntriesInDoubt {
    /// `None` where the entry is not in doubt.
    pub fn recall(&self, uuid: &EntryUuid) -> Option<InDoubt> {
        self.0.iter().find(|(remembered, _)| remembered == uuid).map(|(_, in_doubt)| in_doubt.clone())
    }

    /// Remembers an entry. With more than 1000 entries, the oldest one is forgotten.
    pub fn remember(&mut self, uuid: EntryUuid, in_doubt: InDoubt) {
        self.forget(&uuid);
        if self.0.len() == MAX_REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((uuid, in_doubt));
    }

    pub fn forget(&mut self, uuid: &EntryUuid) {
        self.0.retain(|(remembered, _)| remembered != uuid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uuid(number: usize) -> EntryUuid {
        EntryUuid::new(number.to_string()).unwrap()
    }

    #[test]
    fn the_last_1000_entries_in_doubt_are_remembered() {
        let mut in_doubt = EntriesInDoubt::default();
        for number in 0..1001 {
            in_doubt.remember(uuid(number), InDoubt { named: Some(uuid(number + 1)) });
        }
        assert!(in_doubt.recall(&uuid(0)).is_none());
        assert_eq!(in_doubt.recall(&uuid(1)).unwrap().named, Some(uuid(2)));
        assert_eq!(in_doubt.recall(&uuid(1000)).unwrap().named, Some(uuid(1001)));
    }

    #[test]
    fn an_entry_that_was_remembered_twice_is_forgotten_at_once() {
        let mut in_doubt = EntriesInDoubt::default();
        in_doubt.remember(uuid(1), InDoubt::default());
        in_doubt.remember(uuid(1), InDoubt::default());
        in_doubt.forget(&uuid(1));
        assert!(in_doubt.recall(&uuid(1)).is_none());
    }
}
