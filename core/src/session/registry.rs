//! The sessions of one instance, by id.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;

use super::Session;
use super::counters::{AppendCounters, PendingCounters, Stats};
use super::given_up::GivenUp;
use super::token_renewals::TokenRenewals;

/// The sessions of one instance, by id. Used only on the JavaScript thread.
#[derive(Default)]
pub struct Sessions {
    by_id: HashMap<Arc<str>, Arc<Session>>,
    /// Pending appends by session. Apart from the sessions, because those of a session that was cleared are still sent,
    /// and still count as pending.
    pending: HashMap<Arc<str>, Arc<PendingCounters>>,
    all: Arc<AppendCounters>,
    renewals: Arc<TokenRenewals>,
    given_up: Arc<GivenUp>,
}

/// Sessions that were cleared. To free the memory of many takes long, so it is to be done elsewhere than on the
/// JavaScript thread.
#[must_use]
pub struct Forgotten {
    sessions: HashMap<Arc<str>, Arc<Session>>,
    _pending: HashMap<Arc<str>, Arc<PendingCounters>>,
}

impl Forgotten {
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }
}

impl Sessions {
    /// The session `id`, which begins here where it is not known.
    pub fn get(&mut self, id: &str) -> Arc<Session> {
        if let Some(session) = self.by_id.get(id) {
            return session.clone();
        }
        let (id, pending) = match self.pending.get_key_value(id) {
            Some((id, pending)) => (id.clone(), pending.clone()),
            None => self.begin_pending(id.into()),
        };
        let counters = Arc::new(AppendCounters::of_session(pending, self.all.clone()));
        let session =
            Arc::new(Session::new(id.clone(), counters, self.renewals.clone(), self.given_up.clone()));
        self.by_id.insert(id, session.clone());
        session
    }

    fn begin_pending(&mut self, id: Arc<str>) -> (Arc<str>, Arc<PendingCounters>) {
        // Before the map grows, what is left of sessions that were cleared and have settled is removed.
        if self.pending.len() == self.pending.capacity() {
            self.pending.retain(|id, pending| !pending.is_empty() || self.by_id.contains_key(id));
        }
        let pending = Arc::<PendingCounters>::default();
        self.pending.insert(id.clone(), pending.clone());
        (id, pending)
    }

    /// The counters of all sessions since the instance began.
    pub fn all(&self) -> &Arc<AppendCounters> {
        &self.all
    }

    /// The pending appends of a session; `None` where the session is not known.
    pub fn pending(&self, id: &str) -> Option<&Arc<PendingCounters>> {
        self.pending.get(id)
    }

    /// The stats of a session; all zero where the session is not known.
    pub fn stats(&self, id: &str) -> Stats {
        match self.by_id.get(id) {
            Some(session) => session.counters.stats(session.last_used_head()),
            None => self.pending.get(id).map(|pending| pending.stats()).unwrap_or_default(),
        }
    }

    /// The counters of a session that has not been cleared; `None` where it is not known.
    pub fn counters(&self, id: &str) -> Option<&Arc<AppendCounters>> {
        self.by_id.get(id).map(|session| &session.counters)
    }

    /// Forgets the head, the queue and the counters of a session. Queued appends are still sent, and stay pending until
    /// they settle.
    pub fn clear(&mut self, id: &str) {
        self.by_id.remove(id);
        if self.pending.get(id).is_some_and(|pending| pending.is_empty()) {
            self.pending.remove(id);
        }
    }

    /// Does for all sessions what [`clear`](Self::clear) does for one, in a time that does not depend on their number.
    pub fn clear_all(&mut self) -> Forgotten {
        self.renewals = Arc::default();
        let is_settled = self.all.pending().is_empty();
        Forgotten {
            sessions: mem::take(&mut self.by_id),
            _pending: if is_settled { mem::take(&mut self.pending) } else { HashMap::new() },
        }
    }

    /// Gives all appends up, those of cleared sessions too: their requests are closed.
    pub fn give_up(&self) {
        self.given_up.give_up();
    }

    /// Lets sessions that begin from now on append again. Those that are known are to be cleared.
    pub fn reopen(&mut self) {
        self.given_up = Arc::default();
    }

    /// Forgets a session that nothing is known of, after a read that has given it no head.
    pub fn release(&mut self, id: &str) {
        if self.by_id.get(id).is_some_and(Session::is_unused) {
            self.clear(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::EntryUuid;
    use crate::session::PendingGuard;
    use reqwest::Url;
    use std::time::{Duration, Instant};

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
        assert!(sessions.pending.capacity() < 10, "{}", sessions.pending.capacity());
    }

    /// The shortest of some times that `work` takes with what `make` makes, because a busy machine only adds to them.
    fn time_of<T, U>(make: impl Fn() -> T, work: impl Fn(T) -> U) -> Duration {
        let time = |_| {
            let made = make();
            let begun = Instant::now();
            let done = work(made);
            let time = begun.elapsed();
            drop(done);
            time
        };
        (0..3).map(time).min().unwrap()
    }

    fn sessions(number: usize, pending: bool) -> (Sessions, Vec<PendingGuard>) {
        let mut sessions = Sessions::default();
        let guards = (0..number).map(|id| sessions.get(&id.to_string()).count_append(1));
        let guards = guards.filter(|_| pending).collect();
        (sessions, guards)
    }

    #[test]
    fn clearing_50_000_sessions_takes_at_most_12_times_as_long_as_clearing_5_000() {
        for pending in [false, true] {
            let clear = |number| {
                time_of(
                    || sessions(number, pending),
                    |(mut sessions, guards)| (sessions.clear_all(), sessions, guards),
                )
            };
            let (few, many) = (clear(5000), clear(50_000));
            assert!(many <= 12 * few, "{few:?} and {many:?}, pending: {pending}");
        }
    }

    #[test]
    fn a_session_that_was_only_read_is_forgotten_and_one_with_a_head_or_figures_is_not() {
        let mut sessions = Sessions::default();
        let read = sessions.get("read");
        sessions.release("read");
        assert!(sessions.by_id.contains_key("read"), "another read is pending");
        drop(read);
        sessions.get("head").set_head(&url(), EntryUuid::new("head").unwrap());
        sessions.get("failed").count_append(0).settle(false);
        sessions.get("retried").count_retry();
        let pending = sessions.get("pending").count_append(1);
        for id in ["read", "head", "failed", "retried", "pending", "unknown"] {
            sessions.release(id);
        }
        pending.settle(false);
        let mut ids: Vec<_> = sessions.by_id.keys().map(AsRef::as_ref).collect();
        ids.sort_unstable();
        assert_eq!(ids, ["failed", "head", "pending", "retried"]);
        assert_eq!((sessions.stats("failed").failed, sessions.stats("pending").failed), (1, 1));
    }

    #[test]
    fn a_cleared_session_that_was_only_read_since_is_forgotten_when_its_appends_have_settled() {
        let mut sessions = Sessions::default();
        let pending = sessions.get("a").count_append(1);
        sessions.clear("a");
        drop(sessions.get("a"));
        sessions.release("a");
        assert!(sessions.by_id.is_empty());
        assert_eq!(sessions.stats("a").pending, 1);
        pending.settle(true);
        assert_eq!(sessions.stats("a"), Stats::default());
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
        drop(sessions.clear_all());
        assert!(["a", "b"].iter().all(|id| sessions.get(id).head(&url()).is_none()));
    }
}
