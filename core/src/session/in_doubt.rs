//! Entries in doubt: it is unknown whether they are stored.

use std::collections::VecDeque;

use crate::protocol::EntryUuid;

/// Maximum number of entries in doubt that are kept for a session.
const REMEMBERED: usize = 1000;

/// A doubt whether an entry is stored.
#[derive(Clone, Debug, Default)]
pub struct InDoubt {
    /// The entry that a conflict named as the server's head. A log without it is older than the conflict,
    /// and proves nothing.
    pub named: Option<EntryUuid>,
}

/// Entries whose append ended without success while they may have been stored, latest last.
#[derive(Default)]
pub struct EntriesInDoubt(VecDeque<(EntryUuid, InDoubt)>);

impl EntriesInDoubt {
    pub fn recall(&self, uuid: &EntryUuid) -> Option<InDoubt> {
        self.0.iter().find(|(in_doubt, _)| in_doubt == uuid).map(|(_, doubt)| doubt.clone())
    }

    pub fn remember(&mut self, uuid: EntryUuid, doubt: InDoubt) {
        self.forget(&uuid);
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((uuid, doubt));
    }

    pub fn forget(&mut self, uuid: &EntryUuid) {
        self.0.retain(|(in_doubt, _)| in_doubt != uuid);
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
        let mut in_doubt = EntriesInDoubt::default();
        for number in 0..1001 {
            in_doubt.remember(uuid(number), InDoubt { named: Some(uuid(number + 1)) });
        }
        assert!(in_doubt.recall(&uuid(0)).is_none());
        assert_eq!(in_doubt.recall(&uuid(1)).unwrap().named, Some(uuid(2)));
        assert_eq!(in_doubt.recall(&uuid(1000)).unwrap().named, Some(uuid(1001)));
    }

    #[test]
    fn one_that_is_stored_after_all_is_forgotten() {
        let mut in_doubt = EntriesInDoubt::default();
        in_doubt.remember(uuid(1), InDoubt::default());
        in_doubt.remember(uuid(1), InDoubt::default());
        in_doubt.forget(&uuid(1));
        assert!(in_doubt.recall(&uuid(1)).is_none());
    }
}
