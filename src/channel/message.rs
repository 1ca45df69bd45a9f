//! Messages to the JavaScript thread.

use session_ingress_core::report::Report;
use tokio::sync::oneshot;

/// Names an operation within its environment.
pub(crate) type OperationId = u64;

pub(crate) enum Message {
    Report(Report),
    /// V8 refused to serialise the entry of this operation: `logError` with V8's own error, which waits with the
    /// operation. By the channel, because the host's functions are called in no async context of a caller.
    NotSerialisable(OperationId),
    /// Asks the host for its token again.
    RenewToken(oneshot::Sender<Option<String>>),
    /// A read has got further.
    Progress(OperationId),
    Settle(OperationId, Outcome),
}

/// How an operation ends.
#[derive(Debug)]
pub(crate) enum Outcome {
    Boolean(bool),
    Null,
    /// The entries that were delivered.
    List,
    /// An `Error` with this message.
    Rejected(String),
    /// By a panic: with the value that says that the operation has failed.
    Failed,
}
