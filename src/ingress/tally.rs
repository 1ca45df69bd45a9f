//! How many appends there are, and what became of them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::entry_uuid::EntryUuid;
use crate::sync::AtomicU64;

/// The appends of one session, or of all sessions of an environment.
///
/// Counted on the environment's thread, when an append begins and when its promise settles, so that figures
/// and promises always agree; only `retries` grows elsewhere. Reading waits for nobody.
#[derive(Default)]
pub(crate) struct Tally {
    pending: Arc<Pending>,
    appended: Count,
    failed: Count,
    retries: AtomicU64,
    /// Where the same is counted for all sessions.
    all: Option<Arc<Tally>>,
}

/// Appends whose promises have not settled. Apart from what became of others, because these outlive the
/// clearing of their session.
#[derive(Default)]
pub(crate) struct Pending {
    appends: Count,
    bytes: Count,
}

impl Pending {
    pub(crate) fn is_empty(&self) -> bool {
        self.appends.get() == 0
    }

    /// The bytes of their entries as JSON.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// The figures of a session of which nothing else is known.
    pub(super) fn stats(&self) -> Stats {
        Stats { pending: self.appends.get(), pending_bytes: self.bytes(), ..Stats::default() }
    }
}

/// What a host sees of a tally.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stats {
    /// Appends whose promises have not settled.
    pub(crate) pending: u64,
    /// The bytes of their entries as JSON.
    pub(crate) pending_bytes: u64,
    /// Of one session: the uuid of the last entry known to be on the server.
    pub(crate) head: Option<EntryUuid>,
    pub(crate) appended: u64,
    pub(crate) failed: u64,
    /// Attempts beyond an append's first.
    pub(crate) retries: u64,
}

/// A number that one thread changes: a plain store does, where a locked one would cost every append.
#[derive(Default)]
struct Count(AtomicU64);

impl Count {
    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, number: u64) {
        self.0.store(number, Ordering::Relaxed);
    }

    fn add(&self, number: u64) {
        self.set(self.get().wrapping_add(number));
    }

    fn subtract(&self, number: u64) {
        self.set(self.get().saturating_sub(number));
    }
}

impl Tally {
    /// One of a session that has these appends already, and that counts for `all` too.
    pub(super) fn of_session(pending: Arc<Pending>, all: Arc<Tally>) -> Self {
        Self { pending, all: Some(all), ..Self::default() }
    }

    pub(crate) fn pending(&self) -> &Arc<Pending> {
        &self.pending
    }

    pub(crate) fn stats(&self, head: Option<EntryUuid>) -> Stats {
        Stats {
            head,
            appended: self.appended.get(),
            failed: self.failed.get(),
            retries: self.retries.load(Ordering::Relaxed),
            ..self.pending.stats()
        }
    }

    /// An append's next attempt begins.
    pub(super) fn retried(&self) {
        self.each(|tally| {
            tally.retries.fetch_add(1, Ordering::Relaxed);
        });
    }

    /// This tally, and the one of all sessions.
    fn each(&self, count: impl Fn(&Self)) {
        count(self);
        if let Some(all) = &self.all {
            count(all);
        }
    }
}

/// One append in the tallies: pending until it is settled or dropped.
pub(crate) struct Ticket {
    /// `None` once it is settled.
    tally: Option<Arc<Tally>>,
    bytes: u64,
}

impl Ticket {
    /// An append of `bytes` begins.
    pub(crate) fn new(tally: Arc<Tally>, bytes: usize) -> Self {
        let bytes = bytes as u64;
        tally.each(|tally| {
            tally.pending.appends.add(1);
            tally.pending.bytes.add(bytes);
        });
        Self { tally: Some(tally), bytes }
    }

    /// The append's promise settles.
    pub(crate) fn settle(mut self, appended: bool) {
        self.end(appended);
    }

    fn end(&mut self, appended: bool) {
        let Some(tally) = self.tally.take() else { return };
        tally.each(|tally| {
            tally.pending.appends.subtract(1);
            tally.pending.bytes.subtract(self.bytes);
            if appended { tally.appended.add(1) } else { tally.failed.add(1) }
        });
    }
}

impl Drop for Ticket {
    /// What is lost has failed. The ticket of an environment that has ended may be dropped on another
    /// thread: nobody looks at its figures any more.
    fn drop(&mut self) {
        self.end(false);
    }
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ticket({} bytes)", self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tallies() -> (Arc<Tally>, Arc<Tally>) {
        let all = Arc::<Tally>::default();
        (Arc::new(Tally::of_session(Arc::default(), all.clone())), all)
    }

    #[test]
    fn an_append_is_pending_until_it_is_settled() {
        let (session, all) = tallies();
        let (first, second) = (Ticket::new(session.clone(), 10), Ticket::new(session.clone(), 5));
        assert_eq!(session.stats(None), Stats { pending: 2, pending_bytes: 15, ..Stats::default() });
        first.settle(true);
        second.settle(false);
        for tally in [session, all] {
            assert_eq!(tally.stats(None), Stats { appended: 1, failed: 1, ..Stats::default() });
            assert!(tally.pending().is_empty());
        }
    }

    #[test]
    fn what_is_lost_has_failed() {
        let (session, all) = tallies();
        drop(Ticket::new(session.clone(), 10));
        assert_eq!(session.stats(None), Stats { failed: 1, ..Stats::default() });
        assert_eq!(all.stats(None), session.stats(None));
    }

    #[test]
    fn all_sessions_are_counted_together() {
        let all = Arc::<Tally>::default();
        let [a, b] = [(); 2].map(|()| Arc::new(Tally::of_session(Arc::default(), all.clone())));
        let (_of_a, of_b) = (Ticket::new(a.clone(), 1), Ticket::new(b.clone(), 2));
        a.retried();
        assert_eq!(all.stats(None), Stats { pending: 2, pending_bytes: 3, retries: 1, ..Stats::default() });
        of_b.settle(true);
        assert!(b.pending().is_empty() && !a.pending().is_empty() && !all.pending().is_empty());
    }
}
