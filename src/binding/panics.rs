//! Panics on the JavaScript thread: one costs an operation and a `logError`, and nothing else.
//!
//! They must not leave a function that Node calls, where they would end the process. On the runtime's thread
//! the core does the same for itself.

use std::panic::{AssertUnwindSafe, catch_unwind};

use napi::Env;

use super::deliver::value_of_failed;
use super::host::{Host, Pending};
use super::settle::{Message, OperationId};
use crate::ingress::{Error, Operation, Report, panic_text};

/// What `work` comes to; where it panics, the panic's text.
///
/// What `work` holds must be as good as new where it may stop: a host's state is changed in single steps, and
/// its cells are borrowed for these only.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| panic_text(&*panic))
}

impl Host {
    /// A call from JavaScript has panicked: its host is told.
    pub(super) fn report_panic(&self, operation: Operation, panic: String) {
        self.channel.send(Message::Report(Report::Error(Error::Panicked(operation, panic))));
    }

    /// A delivery has panicked: its host is told, and the operation that cannot go on without it has failed.
    pub(super) fn fail_delivery(&self, env: &Env, id: Option<OperationId>, panic: String) {
        let operation = id.and_then(|id| Some(self.operations.borrow().get(&id)?.operation));
        let error = Error::Panicked(operation.unwrap_or(Operation::Report), panic);
        // Told here and now, because what waits in the channel may be the operation's end. A panic in this is
        // told to nobody: there would be no end of it.
        caught(|| self.deliver_report(env, Report::Error(error))).ok();
        if let Some(Pending { deferred, operation, .. }) = id.and_then(|id| self.remove(env, id)) {
            deferred.resolve(env, value_of_failed(env, operation));
        }
    }
}
