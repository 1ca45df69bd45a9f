//! The end of an operation on the runtime: told once, and told whatever happens there.

use std::mem;
use std::sync::Arc;

use super::host::Host;
use super::settle::{Channel, Message, OperationId, Outcome};
use crate::ingress::{Error, Operation, Report};

/// Settles an operation. One that is dropped before that was lost by a panic: its promise settles all the same.
pub(super) struct Completion {
    channel: Arc<Channel>,
    operation: Operation,
    id: OperationId,
    settled: bool,
}

impl Host {
    /// What settles the operation `id`.
    pub(super) fn completion(&self, operation: Operation, id: OperationId) -> Completion {
        Completion { channel: self.channel.clone(), operation, id, settled: false }
    }
}

impl Completion {
    pub(super) fn settle(mut self, outcome: Outcome) {
        self.end(outcome);
    }

    fn end(&mut self, outcome: Outcome) {
        if !mem::replace(&mut self.settled, true) {
            self.channel.send(Message::Settle(self.id, outcome));
        }
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        if !self.settled {
            let error = Error::Panicked(self.operation, "it was lost".into());
            self.channel.send(Message::Report(Report::Error(error)));
            self.end(Outcome::Failed);
        }
    }
}
