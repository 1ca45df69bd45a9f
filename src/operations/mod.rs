//! The pending operations of an instance: those whose promises have not settled.

mod append;
mod flushes;
mod signals;
mod traced;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use napi::Env;
use session_ingress_core::read::{Cancel, ProgressThrottle};
use session_ingress_core::report::Operation;
use session_ingress_core::session::{PendingCounters, PendingEntry, PendingGuard, Session};

use crate::channel::OperationId;
use crate::js::{Deferred, Persistent, Value};

pub(crate) use append::{AbortableAppend, QueueOfEntry};
pub(crate) use flushes::{Flush, Flushes};
pub(crate) use signals::{Signals, is_aborted, reason, signal};
pub(crate) use traced::TracedOperation;

/// An operation whose promise has not settled.
pub(crate) struct PendingOperation {
    pub(crate) deferred: Deferred,
    pub(crate) operation: Operation,
    /// It holds the event loop open.
    holds: bool,
    /// Counts an append as pending.
    pub(crate) guard: Option<PendingGuard>,
    /// The session and the entry of an append, which later appends of the same entry join.
    pub(crate) entry: Option<(Arc<Session>, Arc<PendingEntry>)>,
    pub(crate) read: Option<Box<PendingRead>>,
    /// Set for an append with a signal.
    pub(crate) abortable: Option<Box<AbortableAppend>>,
    /// Set where somebody subscribes.
    pub(crate) traced: Option<Box<TracedOperation>>,
    /// The error that V8 threw when it could not serialise the entry.
    pub(crate) error: Option<Persistent>,
}

/// A pending read. Dropping it cancels the read, as at the end of the environment.
pub(crate) struct PendingRead {
    /// The entries so far.
    pub(crate) list: Option<Persistent>,
    pub(crate) cancel: Option<Cancel>,
    pub(crate) signal: Option<Persistent>,
    pub(crate) aborted: bool,
    /// The session whose head it may set.
    pub(crate) session_id: Option<String>,
    pub(crate) on_progress: Option<(Persistent, Arc<ProgressThrottle>)>,
}

impl PendingRead {
    /// The reason to reject the promise with; `None` where the host has not aborted the read.
    pub(crate) fn abort_reason<'e>(&self, env: &'e Env) -> Option<Value<'e>> {
        self.signal.as_ref().filter(|_| self.aborted).map(|signal| reason(env, signal.get(env)))
    }

    /// Cancels the read for the host, and drops its entries.
    pub(crate) fn abort(&mut self) {
        self.aborted = true;
        self.list = None;
        if let Some(cancel) = self.cancel.take() {
            // An error means that the read has ended already.
            cancel.send(()).ok();
        }
    }
}

/// The pending operations, by id. No function here runs JavaScript, and a closure that is passed in must not.
#[derive(Default)]
pub(crate) struct Operations {
    pending: RefCell<HashMap<OperationId, PendingOperation>>,
    last: Cell<OperationId>,
    /// How many hold the event loop open.
    holding: Cell<usize>,
    /// Set where appends do not.
    lets_go_of_appends: Cell<bool>,
}

impl Operations {
    pub(crate) fn add(&self, operation: Operation, deferred: Deferred) -> OperationId {
        let id = self.last.get() + 1;
        self.last.set(id);
        let holds = operation != Operation::Append || !self.lets_go_of_appends.get();
        self.holding.set(self.holding.get() + usize::from(holds));
        let pending = PendingOperation {
            deferred,
            operation,
            holds,
            guard: None,
            entry: None,
            read: None,
            abortable: None,
            traced: None,
            error: None,
        };
        self.pending.borrow_mut().insert(id, pending);
        id
    }

    pub(crate) fn remove(&self, id: OperationId) -> Option<PendingOperation> {
        let pending = self.pending.borrow_mut().remove(&id)?;
        self.holding.set(self.holding.get() - usize::from(pending.holds));
        Some(pending)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pending.borrow().is_empty()
    }

    /// Whether one holds the event loop open.
    pub(crate) fn is_holding(&self) -> bool {
        self.holding.get() > 0
    }

    /// Lets appends hold the event loop open, those that are pending too, or not.
    pub(crate) fn hold_for_appends(&self, hold: bool) {
        self.lets_go_of_appends.set(!hold);
        let mut pending = self.pending.borrow_mut();
        for append in pending.values_mut().filter(|pending| pending.operation == Operation::Append) {
            append.holds = hold;
        }
        self.holding.set(pending.values().filter(|pending| pending.holds).count());
    }

    /// The appends that are pending, in the order of the calls.
    pub(crate) fn appends(&self) -> Vec<OperationId> {
        let pending = self.pending.borrow();
        let appends = pending.iter().filter(|(_, pending)| pending.operation == Operation::Append);
        let mut ids: Vec<_> = appends.map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids
    }

    /// How long the oldest of the appends has been pending that `counters` count; zero where there is none.
    pub(crate) fn oldest(&self, counters: &Arc<PendingCounters>) -> Duration {
        let pending = self.pending.borrow();
        let guards = pending.values().filter_map(|pending| pending.guard.as_ref());
        let counted = guards.filter(|guard| guard.pending_counters().any(|of| Arc::ptr_eq(of, counters)));
        counted.map(PendingGuard::age).max().unwrap_or_default()
    }

    /// Calls `work` with a pending operation; `None` where it has settled.
    pub(crate) fn with<T>(
        &self,
        id: OperationId,
        work: impl FnOnce(&mut PendingOperation) -> T,
    ) -> Option<T> {
        self.pending.borrow_mut().get_mut(&id).map(work)
    }

    /// Calls `work` with a pending read; `None` where it has settled.
    pub(crate) fn with_read<T>(
        &self,
        id: OperationId,
        work: impl FnOnce(&mut PendingRead) -> T,
    ) -> Option<T> {
        self.with(id, |pending| pending.read.as_deref_mut().map(work)).flatten()
    }
}
