//! Counters of appends: how many are pending, and what became of the others.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::protocol::EntryUuid;
use crate::sync::AtomicU64;

/// The appends of one session, or of all sessions of an environment.
///
/// Counted on the environment's thread, when an append begins and when its promise settles, so that figures
/// and promises always agree; only `retries` grows elsewhere. ReadJob waits for nobody.
#[derive(Default)]
pub struct AppendCounters {
    pending: Arc<PendingCounters>,
    appended: SingleWriterCounter,
    failed: SingleWriterCounter,
    retries: AtomicU64,
    /// Where the same is counted for all sessions.
    all: Option<Arc<AppendCounters>>,
}

/// Appends whose promises have not settled. Apart from what became of others, because these outlive the
/// clearing of their session.
#[derive(Default)]
pub struct PendingCounters {
    appends: SingleWriterCounter,
    bytes: SingleWriterCounter,
}

impl PendingCounters {
    pub fn is_empty(&self) -> bool {
        self.appends.get() == 0
    }

    /// The bytes of their entries as JSON.
    pub fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// The figures of a session of which nothing else is known.
    pub fn stats(&self) -> Stats {
        Stats { pending: self.appends.get(), pending_bytes: self.bytes(), ..Stats::default() }
    }
}

/// What a host sees of a counters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Appends whose promises have not settled.
    pub pending: u64,
    /// The bytes of their entries as JSON.
    pub pending_bytes: u64,
    /// Of one session: the uuid of the last entry known to be on the server.
    pub head: Option<EntryUuid>,
    pub appended: u64,
    pub failed: u64,
    /// Attempts beyond an append's first, those after conflicts included.
    pub retries: u64,
}

/// A counter that one thread changes: a load and a store instead of `fetch_add`, which would cost every append.
#[derive(Default)]
struct SingleWriterCounter(AtomicU64);

impl SingleWriterCounter {
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

impl AppendCounters {
    /// One of a session that has these appends already, and that counts for `all` too.
    pub(super) fn of_session(pending: Arc<PendingCounters>, all: Arc<AppendCounters>) -> Self {
        Self { pending, all: Some(all), ..Self::default() }
    }

    pub fn pending(&self) -> &Arc<PendingCounters> {
        &self.pending
    }

    pub fn stats(&self, head: Option<EntryUuid>) -> Stats {
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
        self.each(|counters| {
            counters.retries.fetch_add(1, Ordering::Relaxed);
        });
    }

    /// This counters, and the one of all sessions.
    fn each(&self, count: impl Fn(&Self)) {
        count(self);
        if let Some(all) = &self.all {
            count(all);
        }
    }
}

/// One append in the counters: pending until it is settled or dropped.
pub struct PendingGuard {
    /// `None` once it is settled.
    counters: Option<Arc<AppendCounters>>,
    bytes: u64,
}

impl PendingGuard {
    /// An append of `bytes` begins.
    pub fn new(counters: Arc<AppendCounters>, bytes: usize) -> Self {
        let bytes = bytes as u64;
        counters.each(|counters| {
            counters.pending.appends.add(1);
            counters.pending.bytes.add(bytes);
        });
        Self { counters: Some(counters), bytes }
    }

    /// The append's promise settles.
    pub fn settle(mut self, appended: bool) {
        self.end(appended);
    }

    fn end(&mut self, appended: bool) {
        let Some(counters) = self.counters.take() else { return };
        counters.each(|counters| {
            counters.pending.appends.subtract(1);
            counters.pending.bytes.subtract(self.bytes);
            if appended { counters.appended.add(1) } else { counters.failed.add(1) }
        });
    }
}

impl Drop for PendingGuard {
    /// An append whose promise is lost has failed.
    fn drop(&mut self) {
        self.end(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters() -> (Arc<AppendCounters>, Arc<AppendCounters>) {
        let all = Arc::<AppendCounters>::default();
        (Arc::new(AppendCounters::of_session(Arc::default(), all.clone())), all)
    }

    #[test]
    fn an_append_is_pending_until_it_is_settled() {
        let (session, all) = counters();
        let (first, second) = (PendingGuard::new(session.clone(), 10), PendingGuard::new(session.clone(), 5));
        assert_eq!(session.stats(None), Stats { pending: 2, pending_bytes: 15, ..Stats::default() });
        first.settle(true);
        second.settle(false);
        for counters in [session, all] {
            assert_eq!(counters.stats(None), Stats { appended: 1, failed: 1, ..Stats::default() });
            assert!(counters.pending().is_empty());
        }
    }

    #[test]
    fn what_is_lost_has_failed() {
        let (session, all) = counters();
        drop(PendingGuard::new(session.clone(), 10));
        assert_eq!(session.stats(None), Stats { failed: 1, ..Stats::default() });
        assert_eq!(all.stats(None), session.stats(None));
    }

    #[test]
    fn all_sessions_are_counted_together() {
        let all = Arc::<AppendCounters>::default();
        let [a, b] = [(); 2].map(|()| Arc::new(AppendCounters::of_session(Arc::default(), all.clone())));
        let (_of_a, of_b) = (PendingGuard::new(a.clone(), 1), PendingGuard::new(b.clone(), 2));
        a.retried();
        assert_eq!(all.stats(None), Stats { pending: 2, pending_bytes: 3, retries: 1, ..Stats::default() });
        of_b.settle(true);
        assert!(b.pending().is_empty() && !a.pending().is_empty() && !all.pending().is_empty());
    }
}
