//! Entries in doubt: it is unknown whether they are stored.

use std::collections::VecDeque;

use reqwest::Url;

use crate::protocol::EntryUuid;

/// Maximum number of entries in doubt that are remembered for a session.
const MAX_REMEMBERED: usize = 1000;

/// An entry whose append ended without success while it may have been stored.
#[derive(Clone, Debug)]
pub struct InDoubt {
    uuid: EntryUuid,
    /// The URL that it was sent to.
    pub url: Url,
    /// The head that it was sent from. Sent from there again, it is refused where it is stored.
    pub from: Option<EntryUuid>,
}

/// The entries in doubt of a session, latest last.
#[derive(Default)]
pub struct EntriesInDoubt(VecDeque<InDoubt>);

impl EntriesInDoubt {
    pub fn recall(&self, uuid: &EntryUuid) -> Option<&InDoubt> {
        self.0.iter().find(|in_doubt| in_doubt.uuid == *uuid)
    }

    pub fn remember(&mut self, uuid: EntryUuid, url: Url, from: Option<EntryUuid>) {
        self.forget(&uuid);
        if self.0.len() == MAX_REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(InDoubt { uuid, url, from });
    }

    pub fn forget(&mut self, uuid: &EntryUuid) {
        self.0.retain(|in_doubt| in_doubt.uuid != *uuid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uuid(number: usize) -> EntryUuid {
        EntryUuid::new(number.to_string()).unwrap()
    }

    fn url() -> Url {
        Url::parse("http://a.test/").unwrap()
    }

    #[test]
    fn the_last_1000_are_remembered_with_the_head_that_they_were_sent_from() {
        let mut in_doubt = EntriesInDoubt::default();
        for number in 0..1001 {
            in_doubt.remember(uuid(number), url(), Some(uuid(number + 1)));
        }
        assert!(in_doubt.recall(&uuid(0)).is_none());
        assert_eq!(in_doubt.recall(&uuid(1)).unwrap().from, Some(uuid(2)));
        assert_eq!(in_doubt.recall(&uuid(1000)).unwrap().from, Some(uuid(1001)));
    }

    #[test]
    fn an_entry_that_was_remembered_twice_is_forgotten_at_once() {
        let mut in_doubt = EntriesInDoubt::default();
        in_doubt.remember(uuid(1), url(), None);
        in_doubt.remember(uuid(1), url(), None);
        in_doubt.forget(&uuid(1));
        assert!(in_doubt.recall(&uuid(1)).is_none());
    }
}
