//! The heads of a session, one for each URL that its log was found at.

use std::collections::VecDeque;

use reqwest::Url;

use crate::protocol::EntryUuid;

/// Most URLs of a session whose heads are kept. A session has one log, which rarely moves.
const MAX_URLS: usize = 16;

/// Heads by URL, the one that was used last at the front. Use is a `PUT`, or a head that was found: a read that finds
/// none moves nothing.
#[derive(Default)]
pub(super) struct Heads(VecDeque<(Url, Option<EntryUuid>)>);

impl Heads {
    /// The head of the log at `url`.
    pub(super) fn of(&self, url: &Url) -> Option<&EntryUuid> {
        self.0.iter().find(|(of, _)| of == url)?.1.as_ref()
    }

    /// The head of the log at `url`, which is now the one that was used last.
    pub(super) fn use_url(&mut self, url: &Url) -> &mut Option<EntryUuid> {
        let known = self.0.iter().position(|(of, _)| of == url);
        let used = match known {
            Some(at) => self.0.remove(at),
            None => None,
        };
        self.0.push_front(used.unwrap_or_else(|| (url.clone(), None)));
        self.0.truncate(MAX_URLS);
        &mut self.0[0].1
    }

    /// Forgets `head`, if it is still the one of the log at `url`.
    pub(super) fn forget(&mut self, url: &Url, head: Option<&EntryUuid>) {
        let known = self.0.iter_mut().find(|(of, known)| of == url && known.as_ref() == head);
        if let Some((_, known)) = known {
            *known = None;
        }
    }

    /// Whether no head is known.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|(_, head)| head.is_none())
    }

    /// The head of the log that was used last.
    pub(super) fn last_used(&self) -> Option<&EntryUuid> {
        self.0.front()?.1.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(number: usize) -> Url {
        Url::parse(&format!("http://a.test/{number}")).unwrap()
    }

    #[test]
    fn each_url_has_its_own_head_and_the_last_used_one_is_told() {
        let mut heads = Heads::default();
        assert_eq!(heads.last_used(), None);
        *heads.use_url(&url(1)) = EntryUuid::new("a");
        *heads.use_url(&url(2)) = EntryUuid::new("b");
        assert_eq!(heads.last_used(), EntryUuid::new("b").as_ref());
        assert_eq!(heads.use_url(&url(1)), &EntryUuid::new("a"));
        assert_eq!(heads.last_used(), EntryUuid::new("a").as_ref());
        assert_eq!(heads.use_url(&url(3)), &None);
        assert_eq!(heads.last_used(), None);
    }

    #[test]
    fn to_look_a_head_up_or_to_forget_it_is_no_use() {
        let mut heads = Heads::default();
        let (a, b) = (EntryUuid::new("a"), EntryUuid::new("b"));
        *heads.use_url(&url(1)) = a.clone();
        *heads.use_url(&url(2)) = b.clone();
        for number in 1..=MAX_URLS + 2 {
            heads.of(&url(number));
            heads.forget(&url(number), None);
        }
        heads.forget(&url(1), b.as_ref());
        assert_eq!((heads.of(&url(1)), heads.last_used()), (a.as_ref(), b.as_ref()));
        heads.forget(&url(1), a.as_ref());
        assert_eq!((heads.of(&url(1)), heads.last_used()), (None, b.as_ref()));
    }

    #[test]
    fn the_16_urls_that_were_used_last_are_kept() {
        let mut heads = Heads::default();
        for number in 0..=MAX_URLS {
            *heads.use_url(&url(number)) = EntryUuid::new("a");
            heads.use_url(&url(1));
        }
        assert_eq!(heads.0.len(), MAX_URLS);
        assert_eq!(heads.of(&url(0)), None);
        assert_eq!(heads.of(&url(1)), EntryUuid::new("a").as_ref());
    }
}
