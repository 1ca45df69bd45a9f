//! The completion of an operation, which the runtime sends exactly once, panics included.

use std::mem;
use std::sync::Arc;
use std::thread;

use session_ingress_core::panic::last_panic;
use session_ingress_core::report::{Error, Operation, Report};

use super::{Channel, Message, OperationId, Outcome};

/// Settles an operation. Where it is dropped before that, a panic has ended the operation: the panic is reported, and
/// the promise still settles.
pub(crate) struct Completion {
    channel: Arc<Channel>,
    operation: Operation,
    id: OperationId,
    settled: bool,
}

impl Completion {
    pub(crate) fn new(channel: Arc<Channel>, operation: Operation, id: OperationId) -> Self {
        Self { channel, operation, id, settled: false }
    }

    pub(crate) fn settle(mut self, outcome: Outcome) {
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
            let panic = thread::panicking().then(last_panic).flatten();
            let error = Error::Panicked(self.operation, panic.unwrap_or_else(|| "it was lost".into()));
            self.channel.send(Message::Report(Report::Error(error.into())));
            self.end(Outcome::Failed);
        }
    }
}
