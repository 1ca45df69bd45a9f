//! Messages to the JavaScript thread.

use std::sync::Arc;

use session_ingress_core::delivery::{Grant, OwnSession};
use session_ingress_core::http::Client;
use session_ingress_core::outbox::ListedSession;
use session_ingress_core::protocol::EntryUuid;
use session_ingress_core::report::{ErrorReport, Report};
use tokio::sync::oneshot;

/// The id of an operation, unique within its instance.
pub(crate) type OperationId = u64;

/// The id of an instance that `createSessionIngress` made, unique within its environment and above zero.
pub(crate) type InstanceId = usize;

pub(crate) enum Message {
    Report(Report),
    /// V8 could not serialise the entry of this operation: call `logError` with V8's own error, which the pending
    /// operation holds. Sent through the channel, because the host's logging functions must not run in the async
    /// context of a caller.
    NotSerialisable(OperationId),
    /// Asks the host for its token again.
    RenewToken(oneshot::Sender<Option<String>>),
    /// Asks the host for the token of a session in the outbox that it has not used itself.
    GrantToken {
        session_id: String,
        url: String,
        grant: oneshot::Sender<Option<Grant<Client>>>,
    },
    /// Nothing is deferred any more that this `flush` waits for.
    NothingDeferred(OperationId),
    /// Nothing is left in the outboxes for which the instance is kept.
    Delivered,
    /// The host has let go of this instance, and nothing of it is pending. Sent to the default instance.
    Collected(InstanceId),
    /// The outboxes have these entries on the disk: the appends that are left can be given up.
    Kept(Vec<(Arc<str>, EntryUuid)>),
    /// Progress of a read is due.
    Progress(OperationId),
    /// The time of a `flush` is over. Where the thread was busy, appends may have settled since: their messages, which
    /// are queued behind this one, come first.
    FlushTimeout(OperationId),
    /// Ends a `flush` whose time is over, by the appends that are pending.
    EndFlush(OperationId),
    Settle(OperationId, Outcome),
}

/// The outcome of an operation.
#[derive(Debug)]
pub(crate) enum Outcome {
    Boolean(bool),
    Null,
    /// The list of entries that were delivered.
    List,
    Number(f64),
    /// What waits in the outbox.
    OutboxRows(Vec<OutboxRow>),
    /// A rejection with this error.
    Rejected(Box<ErrorReport>),
    /// A panic ended the operation: its promise resolves to the value of a failure.
    Failed,
}

/// What an outbox has of a session.
#[derive(Debug)]
pub(crate) enum OutboxRow {
    Own(OwnSession),
    Other(ListedSession),
}
