//! The sessions of one environment, by id.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;

use super::session::Session;
use super::tally::{Pending, Stats, Tally, Ticket};

/// The sessions of one environment, by id. Touched on its thread only.
#[derive(Default)]
pub(crate) struct Sessions {
    by_id: HashMap<String, Arc<Session>>,
    /// Of sessions that were cleared while they had appends: those go on, and stay pending.
    cleared: HashMap<String, Arc<Pending>>,
    all: Arc<Tally>,
}

impl Sessions {
    pub(crate) fn get(&mut self, id: &str) -> Arc<Session> {
        if let Some(session) = self.by_id.get(id) {
            return session.clone();
        }
        let pending = self.cleared.remove(id).unwrap_or_default();
        let tally = Arc::new(Tally::of_session(pending, self.all.clone()));
        let session = Arc::new(Session::new(tally));
        self.by_id.insert(id.to_owned(), session.clone());
        session
    }

    /// The ticket of an append to a session that has no entry to queue.
    pub(crate) fn ticket(&mut self, id: &str) -> Ticket {
        Ticket::new(self.get(id).tally.clone(), 0)
    }

    /// The appends of all sessions since the environment began.
    pub(crate) fn all(&self) -> &Arc<Tally> {
        &self.all
    }

    /// The appends of a session that are pending; `None` where it is not known.
    pub(crate) fn pending(&self, id: &str) -> Option<&Arc<Pending>> {
        self.by_id.get(id).map(|session| session.tally.pending()).or_else(|| self.cleared.get(id))
    }

    /// The figures of a session; of one that is not known, zeros.
    pub(crate) fn stats(&self, id: &str) -> Stats {
        match self.by_id.get(id) {
            Some(session) => session.tally.stats(session.head()),
            None => self.cleared.get(id).map(|pending| pending.stats()).unwrap_or_default(),
        }
    }

    /// Forgets head, queue and figures; what was queued is still sent, and stays pending until it settles.
    pub(crate) fn clear(&mut self, id: &str) {
        if let Some((id, session)) = self.by_id.remove_entry(id) {
            self.retire(id, &session);
        }
    }

    pub(crate) fn clear_all(&mut self) {
        for (id, session) in mem::take(&mut self.by_id) {
            self.retire(id, &session);
        }
    }

    fn retire(&mut self, id: String, session: &Session) {
        let pending = session.tally.pending();
        if !pending.is_empty() {
            // Instead of growing: those whose appends have settled.
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
    use crate::ingress::EntryUuid;

    #[test]
    fn a_cleared_session_begins_anew() {
        let mut sessions = Sessions::default();
        let old = sessions.get("a");
        old.set_head(EntryUuid::new("head").unwrap());
        assert!(Arc::ptr_eq(&old, &sessions.get("a")));
        sessions.clear("a");
        assert!(sessions.get("a").head().is_none());
        old.set_head(EntryUuid::new("late").unwrap());
        assert!(sessions.get("a").head().is_none());
    }

    #[test]
    fn what_is_pending_when_a_session_is_cleared_stays_so() {
        let mut sessions = Sessions::default();
        let old = Ticket::new(sessions.get("a").tally.clone(), 10);
        Ticket::new(sessions.get("a").tally.clone(), 10).settle(true);
        sessions.get("a").set_head(EntryUuid::new("head").unwrap());
        for _ in 0..2 {
            sessions.clear("a");
            assert_eq!(sessions.stats("a"), Stats { pending: 1, pending_bytes: 10, ..Stats::default() });
        }
        let next = Ticket::new(sessions.get("a").tally.clone(), 5);
        assert_eq!(sessions.stats("a"), Stats { pending: 2, pending_bytes: 15, ..Stats::default() });
        old.settle(true);
        next.settle(false);
        assert_eq!(sessions.stats("a"), Stats { failed: 1, ..Stats::default() });
        assert_eq!(sessions.all().stats(None), Stats { appended: 2, failed: 1, ..Stats::default() });
    }

    #[test]
    fn nothing_is_kept_of_a_session_that_is_cleared_and_settled() {
        let mut sessions = Sessions::default();
        for number in 0..1000 {
            let id = number.to_string();
            let ticket = Ticket::new(sessions.get(&id).tally.clone(), 1);
            sessions.clear(&id);
            ticket.settle(true);
        }
        assert!(sessions.by_id.is_empty());
        assert!(sessions.cleared.capacity() < 10, "{}", sessions.cleared.capacity());
    }

    #[test]
    fn asking_for_figures_makes_no_session() {
        let sessions = Sessions::default();
        assert_eq!(sessions.stats("a"), Stats::default());
        assert!(sessions.by_id.is_empty());
    }

    #[test]
    fn clearing_all_forgets_every_session() {
        let mut sessions = Sessions::default();
        for id in ["a", "b"] {
            sessions.get(id).set_head(EntryUuid::new("head").unwrap());
        }
        sessions.clear_all();
        assert!(["a", "b"].iter().all(|id| sessions.get(id).head().is_none()));
    }
}
