//! The pending calls of `flush`.

use std::cell::RefCell;
use std::sync::Arc;

use session_ingress_core::session::PendingCounters;
use tokio::task::JoinHandle;

use super::operations::Operations;
use crate::channel::OperationId;

/// A pending call of `flush`. Dropped, it stops its timer.
pub(crate) struct Flush {
    pub(crate) operation_id: OperationId,
    /// The appends that it waits for.
    pub(crate) pending: Arc<PendingCounters>,
    pub(crate) timer: Option<JoinHandle<()>>,
}

impl Flush {
    pub(crate) fn is_done(&self) -> bool {
        self.pending.is_empty()
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        if let Some(timer) = &self.timer {
            timer.abort();
        }
    }
}

/// The pending calls of `flush`.
#[derive(Default)]
pub(crate) struct Flushes(RefCell<Vec<Flush>>);

impl Flushes {
    pub(crate) fn add(&self, flush: Flush, operations: &Operations) {
        let mut flushes = self.0.borrow_mut();
        flushes.retain(|flush| operations.has(flush.operation_id));
        flushes.push(flush);
    }

    /// Takes a flush that is pending.
    pub(crate) fn take(&self, id: OperationId) -> Option<Flush> {
        self.0.borrow_mut().extract_if(.., |flush| flush.operation_id == id).next()
    }

    /// Takes the flushes whose appends have settled.
    pub(crate) fn take_done(&self) -> Vec<Flush> {
        self.0.borrow_mut().extract_if(.., |flush| flush.is_done()).collect()
    }
}
