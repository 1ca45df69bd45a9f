//! The pending calls of `flush`.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::mem;
use std::sync::Arc;

use session_ingress_core::session::{PendingCounters, PendingGuard};
use tokio::task::JoinHandle;

use crate::channel::OperationId;

/// A pending call of `flush`. Dropped, it stops its timer.
pub(crate) struct Flush {
    /// The appends that it waits for.
    pub(crate) pending: Arc<PendingCounters>,
    pub(crate) timer: Option<JoinHandle<()>>,
    /// The task that waits until nothing is deferred, as long as it does.
    pub(crate) deferred: Option<JoinHandle<()>>,
}

impl Flush {
    pub(crate) fn is_done(&self) -> bool {
        self.pending.is_empty() && self.deferred.is_none()
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        for task in self.timer.iter().chain(&self.deferred) {
            task.abort();
        }
    }
}

/// The pending calls of `flush`. An append that settles costs no more where many of them wait for others.
#[derive(Default)]
pub(crate) struct Flushes(RefCell<State>);

#[derive(Default)]
struct State {
    by_id: HashMap<OperationId, Flush>,
    by_counters: HashMap<Counters, BTreeSet<OperationId>>,
    /// Counters of appends that have settled since flushes were taken.
    changed: Vec<Counters>,
}

/// The identity of counters, which a [`Flush`] keeps alive.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Counters(*const PendingCounters);

impl From<&Arc<PendingCounters>> for Counters {
    fn from(counters: &Arc<PendingCounters>) -> Self {
        Self(Arc::as_ptr(counters))
    }
}

impl Flushes {
    pub(crate) fn add(&self, id: OperationId, flush: Flush) {
        let mut state = self.0.borrow_mut();
        state.by_counters.entry(Counters::from(&flush.pending)).or_default().insert(id);
        state.by_id.insert(id, flush);
    }

    /// Takes a flush that is pending.
    pub(crate) fn take(&self, id: OperationId) -> Option<Flush> {
        self.0.borrow_mut().remove(id)
    }

    /// Notes that nothing is deferred any more; true where the flush is done by that, and taken.
    pub(crate) fn note_nothing_deferred(&self, id: OperationId) -> bool {
        let mut state = self.0.borrow_mut();
        let Some(flush) = state.by_id.get_mut(&id) else { return false };
        flush.deferred = None;
        flush.is_done() && state.remove(id).is_some()
    }

    /// Notes that an append settles, for [`take_done`](Self::take_done).
    pub(crate) fn note_settled(&self, append: &PendingGuard) {
        let mut state = self.0.borrow_mut();
        if !state.by_id.is_empty() {
            state.changed.extend(append.pending_counters().map(Counters::from));
        }
    }

    /// Takes the flushes whose appends have settled, in the order of the calls.
    pub(crate) fn take_done(&self) -> BTreeSet<OperationId> {
        let mut state = self.0.borrow_mut();
        let mut done = BTreeSet::new();
        for counters in mem::take(&mut state.changed) {
            let Some(ids) = state.by_counters.get(&counters) else { continue };
            let first = ids.first().and_then(|id| state.by_id.get(id));
            if first.is_some_and(Flush::is_done) {
                done.extend(state.by_counters.remove(&counters).unwrap_or_default());
            }
        }
        for id in &done {
            state.by_id.remove(id);
        }
        done
    }
}

impl State {
    fn remove(&mut self, id: OperationId) -> Option<Flush> {
        let flush = self.by_id.remove(&id)?;
        let counters = Counters::from(&flush.pending);
        if let Some(ids) = self.by_counters.get_mut(&counters) {
            ids.remove(&id);
            if ids.is_empty() {
                self.by_counters.remove(&counters);
            }
        }
        Some(flush)
    }
}
