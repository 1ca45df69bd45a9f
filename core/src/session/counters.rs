//! Counters of appends: pending, appended, failed and retried.

use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::last_error::LastError;
use super::latency::{Latencies, Latency};
use crate::protocol::EntryUuid;
use crate::report::ErrorReport;
use crate::sync::{AtomicU64, Mutex};

/// Counters of the appends of one session, or of all sessions of an instance.
///
/// They change on the JavaScript thread, when an append begins and when its promise settles, so that counters and
/// promises always agree; only `retries` is counted on the runtime. Reads are lock-free.
#[derive(Default)]
pub struct AppendCounters {
    pending: Arc<PendingCounters>,
    appended: SingleWriterCounter,
    failed: SingleWriterCounter,
    retries: AtomicU64,
    latencies: Latencies,
    last_error: Mutex<Option<LastError>>,
    /// The counters of all sessions, which count the same appends.
    all: Option<Arc<AppendCounters>>,
}

/// Counters of appends whose promises have not settled. Apart from the other counters, because they outlive the
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

    /// The size of the pending entries as JSON, in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// The stats of a session that has pending appends and no other counters.
    pub fn stats(&self) -> Stats {
        Stats { pending: self.appends.get(), pending_bytes: self.bytes(), ..Stats::default() }
    }
}

/// The result of `sessionStats`, of one session or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Appends whose promises have not settled.
    pub pending: u64,
    /// The size of their entries as JSON, in bytes.
    pub pending_bytes: u64,
    /// The uuid of the last entry known to be on the server; `None` for all sessions together.
    pub head: Option<EntryUuid>,
    /// Appends that resolved `true`.
    pub appended: u64,
    /// Appends that resolved `false`.
    pub failed: u64,
    /// Attempts beyond an append's first, those after conflicts included.
    pub retries: u64,
}

/// A counter that only one thread changes: a load and a store, because `fetch_add` would slow every append.
#[derive(Default)]
struct SingleWriterCounter(AtomicU64);

impl SingleWriterCounter {
    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    fn add(&self, amount: u64) {
        self.set(self.get().wrapping_add(amount));
    }

    fn subtract(&self, amount: u64) {
        self.set(self.get().saturating_sub(amount));
    }
}

impl AppendCounters {
    /// The counters of a session that starts with the appends `pending`; `all` counts its appends too.
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

    /// How long the appends took that resolved `true`, from the call until the promise settled.
    pub fn latency(&self) -> Latency {
        self.latencies.summary()
    }

    /// The last error of an append.
    pub fn last_error(&self) -> Option<LastError> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps an error of an append.
    pub(super) fn note_error(&self, report: &ErrorReport) {
        self.each(|counters| {
            let last = Some(LastError::now(report));
            *counters.last_error.lock().unwrap_or_else(PoisonError::into_inner) = last;
        });
    }

    /// Whether nothing was counted but pending appends.
    pub(super) fn are_zero(&self) -> bool {
        let figures = [&self.appended, &self.failed];
        figures.into_iter().all(|figure| figure.get() == 0) && self.retries.load(Ordering::Relaxed) == 0
    }

    /// Counts an attempt beyond the first of an append.
    pub(super) fn count_retry(&self) {
        self.each(|counters| {
            counters.retries.fetch_add(1, Ordering::Relaxed);
        });
    }

    /// Applies `count` to these counters, and to those of all sessions.
    fn each(&self, count: impl Fn(&Self)) {
        count(self);
        if let Some(all) = &self.all {
            count(all);
        }
    }
}

/// Counts one append as pending until it is settled or dropped.
pub struct PendingGuard {
    /// `None` once it is settled.
    counters: Option<Arc<AppendCounters>>,
    bytes: u64,
    begun: Instant,
}

impl PendingGuard {
    /// Counts an append of `bytes` bytes as pending.
    pub fn new(counters: Arc<AppendCounters>, bytes: usize) -> Self {
        let bytes = bytes as u64;
        counters.each(|counters| {
            counters.pending.appends.add(1);
            counters.pending.bytes.add(bytes);
        });
        Self { counters: Some(counters), bytes, begun: Instant::now() }
    }

    /// The counters of pending appends that count it: those of its session and those of all.
    pub fn pending_counters(&self) -> impl Iterator<Item = &Arc<PendingCounters>> {
        let of_session = self.counters.as_ref();
        let of_all = of_session.and_then(|counters| counters.all.as_ref());
        of_session.into_iter().chain(of_all).map(|counters| &counters.pending)
    }

    /// How long it has been pending.
    pub fn age(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Counts the append as appended or failed; called when its promise settles.
    pub fn settle(mut self, appended: bool) {
        self.end(appended);
    }

    /// Counts the append no more: the host has withdrawn it.
    pub fn withdraw(mut self) {
        if let Some(counters) = self.counters.take() {
            counters.each(|counters| {
                counters.pending.appends.subtract(1);
                counters.pending.bytes.subtract(self.bytes);
            });
        }
    }

    fn end(&mut self, appended: bool) {
        let Some(counters) = self.counters.take() else { return };
        let time = appended.then(|| self.age());
        counters.each(|counters| {
            counters.pending.appends.subtract(1);
            counters.pending.bytes.subtract(self.bytes);
            match time {
                Some(time) => {
                    counters.appended.add(1);
                    counters.latencies.count(time);
                }
                None => counters.failed.add(1),
            }
        });
    }
}

impl Drop for PendingGuard {
    /// Counts the append as failed: its promise was lost.
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
    fn an_append_that_is_withdrawn_counts_as_nothing() {
        let (session, all) = counters();
        PendingGuard::new(session.clone(), 10).withdraw();
        assert_eq!((session.stats(None), all.stats(None)), (Stats::default(), Stats::default()));
    }

    #[test]
    fn an_append_whose_guard_is_dropped_has_failed() {
        let (session, all) = counters();
        drop(PendingGuard::new(session.clone(), 10));
        assert_eq!(session.stats(None), Stats { failed: 1, ..Stats::default() });
        assert_eq!(all.stats(None), session.stats(None));
    }

    #[test]
    fn the_counters_of_all_sessions_add_up_those_of_each() {
        let all = Arc::<AppendCounters>::default();
        let [a, b] = [(); 2].map(|()| Arc::new(AppendCounters::of_session(Arc::default(), all.clone())));
        let (_of_a, of_b) = (PendingGuard::new(a.clone(), 1), PendingGuard::new(b.clone(), 2));
        a.count_retry();
        assert_eq!(all.stats(None), Stats { pending: 2, pending_bytes: 3, retries: 1, ..Stats::default() });
        of_b.settle(true);
        assert!(b.pending().is_empty() && !a.pending().is_empty() && !all.pending().is_empty());
    }
}
