//! The sessions of one instance, by id.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;

use super::Session;
use super::counters::{AppendCounters, PendingCounters, Stats};
use super::token_renewals::TokenRenewals;

/// The sessions of one instance, by id. Used only on the JavaScript thread.
#[derive(Default)]
pub struct Sessions {
    by_id: HashMap<String, Arc<Session>>,
    /// Pending appends of sessions that were cleared: they are still sent, and still count as pending.
    cleared: HashMap<String, Arc<PendingCounters>>,
    all: Arc<AppendCounters>,
    renewals: Arc<TokenRenewals>,
}

impl Sessions {
    /// The session `id`, which begins here where it is not known.
    pub fn get(&mut self, id: &str) -> Arc<Session> {
        if let Some(session) = self.by_id.get(id) {
            return session.clone();
        }
        let pending = self.cleared.remove(id).unwrap_or_default();
        let counters = Arc::new(AppendCounters::of_session(pending, self.all.clone()));
        let session = Arc::new(Session::new(counters, self.renewals.clone()));
        self.by_id.insert(id.to_owned(), session.clone());
        session
    }

    /// The counters of all sessions since the instance began.
    pub fn all(&self) -> &Arc<AppendCounters> {
        &self.all
    }

    /// The pending appends of a session; `None` where the session is not known.
    pub fn pending(&self, id: &str) -> Option<&Arc<PendingCounters>> {
        self.by_id.get(id).map(|session| session.counters.pending()).or_else(|| self.cleared.get(id))
    }

    /// The stats of a session; all zero where the session is not known.
    pub fn stats(&self, id: &str) -> Stats {
        match self.by_id.get(id) {
            Some(session) => session.counters.stats(session.last_used_head()),
            None => self.cleared.get(id).map(|pending| pending.stats()).unwrap_or_default(),
        }
    }

    /// Forgets the head, the queue and the counters of a session. Queued appends are still sent, and stay pending until
    /// they settle.
    pub fn clear(&mut self, id: &str) {
        if let Some((id, session)) = self.by_id.remove_entry(id) {
            self.retire(id, &session);
        }
    }

    /// Does for all sessions what [`clear`](Self::clear) does for one.
    pub fn clear_all(&mut self) {
        self.renewals = Arc::default();
        for (id, session) in mem::take(&mut self.by_id) {
            self.retire(id, &session);
        }
    }

    fn retire(&mut self, id: String, session: &Session) {
        let pending = session.counters.pending();
        if !pending.is_empty() {
            // Before the map grows, sessions whose appends have settled are removed.
            if self.cleared.len() == self.cleared.capacity() {
                self.cleared.retain(|_, pending| !pending.is_empty());
            }
            self.cleared.insert(id, pending.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::EntryUuid;
    use reqwest::Url;

    fn url() -> Url {
        Url::parse("http://a.test/").unwrap()
    }

    #[test]
    fn a_session_that_is_cleared_begins_again_without_a_head() {
        let mut sessions = Sessions::default();
        let old = sessions.get("a");
        old.set_head(&url(), EntryUuid::new("head").unwrap());
        assert!(Arc::ptr_eq(&old, &sessions.get("a")));
        sessions.clear("a");
        assert!(sessions.get("a").head(&url()).is_none());
        old.set_head(&url(), EntryUuid::new("late").unwrap());
        assert!(sessions.get("a").head(&url()).is_none());
    }

    #[test]
    fn appends_that_are_pending_when_a_session_is_cleared_stay_pending() {
        let mut sessions = Sessions::default();
        let old = sessions.get("a").count_append(10);
        sessions.get("a").count_append(10).settle(true);
        sessions.get("a").set_head(&url(), EntryUuid::new("head").unwrap());
        for _ in 0..2 {
            sessions.clear("a");
            assert_eq!(sessions.stats("a"), Stats { pending: 1, pending_bytes: 10, ..Stats::default() });
        }
        let next = sessions.get("a").count_append(5);
        assert_eq!(sessions.stats("a"), Stats { pending: 2, pending_bytes: 15, ..Stats::default() });
        old.settle(true);
        next.settle(false);
        assert_eq!(sessions.stats("a"), Stats { failed: 1, ..Stats::default() });
        assert_eq!(sessions.all().stats(None), Stats { appended: 2, failed: 1, ..Stats::default() });
    }

    /// Guards the memory of a process that begins and clears many sessions.
    #[test]
    fn no_memory_is_held_for_sessions_that_are_cleared_and_settled() {
        let mut sessions = Sessions::default();
        for number in 0..1000 {
            let id = number.to_string();
            let guard = sessions.get(&id).count_append(1);
            sessions.clear(&id);
            guard.settle(true);
        }
        assert!(sessions.by_id.is_empty());
        assert!(sessions.cleared.capacity() < 10, "{}", sessions.cleared.capacity());
    }

    #[test]
    fn the_stats_of_an_unknown_session_are_zero_and_do_not_begin_it() {
        let sessions = Sessions::default();
        assert_eq!(sessions.stats("a"), Stats::default());
        assert!(sessions.by_id.is_empty());
    }

    #[test]
    fn clearing_all_sessions_forgets_the_head_of_each() {
        let mut sessions = Sessions::default();
        for id in ["a", "b"] {
            sessions.get(id).set_head(&url(), EntryUuid::new("head").unwrap());
        }
        sessions.clear_all();
        assert!(["a", "b"].iter().all(|id| sessions.get(id).head(&url()).is_none()));
    }
}
