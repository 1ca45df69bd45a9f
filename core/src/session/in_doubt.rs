//! Entries in doubt: it is unknown whether they are stored.

use std::collections::VecDeque;

use reqwest::Url;

use crate::protocol::EntryUuid;

/// Maximum number of entries in doubt that are kept for a session.
const REMEMBERED: usize = 1000;

/// An entry whose append ended without success while it may have been stored.
#[derive(Clone, Debug)]
pub struct InDoubt {
    uuid: EntryUuid,
    /// Where its log is.
    url: Url,
    /// The head that it was sent from. Sent from there again, it is refused where it is stored.
    pub from: Option<EntryUuid>,
}

/// The entries in doubt of a session, latest last.
#[derive(Default)]
pub struct EntriesInDoubt(VecDeque<InDoubt>);

impl EntriesInDoubt {
    pub fn recall(&self, uuid: &EntryUuid, url: &Url) -> Option<&InDoubt> {
        self.0.iter().find(|in_doubt| in_doubt.uuid == *uuid && in_doubt.url == *url)
    }

    pub fn remember(&mut self, uuid: EntryUuid, url: Url, from: Option<EntryUuid>) {
        self.forget(&uuid, &url);
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(InDoubt { uuid, url, from });
    }

    pub fn forget(&mut self, uuid: &EntryUuid, url: &Url) {
        self.0.retain(|in_doubt| in_doubt.uuid != *uuid || in_doubt.url != *url);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uuid(number: usize) -> EntryUuid {
        EntryUuid::new(number.to_string()).unwrap()
    }

    fn url(host: &str) -> Url {
        Url::parse(&format!("http://{host}/")).unwrap()
    }

    #[test]
    fn the_last_1000_are_remembered_with_the_head_that_they_were_sent_from() {
        let mut in_doubt = EntriesInDoubt::default();
        for number in 0..1001 {
            in_doubt.remember(uuid(number), url("a.test"), Some(uuid(number + 1)));
        }
        assert!(in_doubt.recall(&uuid(0), &url("a.test")).is_none());
        assert_eq!(in_doubt.recall(&uuid(1), &url("a.test")).unwrap().from, Some(uuid(2)));
        assert_eq!(in_doubt.recall(&uuid(1000), &url("a.test")).unwrap().from, Some(uuid(1001)));
    }

    #[test]
    fn an_entry_is_in_doubt_in_one_log_and_not_in_others() {
        let mut in_doubt = EntriesInDoubt::default();
        in_doubt.remember(uuid(1), url("a.test"), None);
        assert!(in_doubt.recall(&uuid(1), &url("b.test")).is_none());
        in_doubt.forget(&uuid(1), &url("b.test"));
        assert!(in_doubt.recall(&uuid(1), &url("a.test")).is_some());
    }

    #[test]
    fn one_that_is_stored_after_all_is_forgotten() {
        let mut in_doubt = EntriesInDoubt::default();
        in_doubt.remember(uuid(1), url("a.test"), None);
        in_doubt.remember(uuid(1), url("a.test"), None);
        in_doubt.forget(&uuid(1), &url("a.test"));
        assert!(in_doubt.recall(&uuid(1), &url("a.test")).is_none());
    }
}
