//! Appending one entry, attempt by attempt.

mod attempts;
mod backoff;
mod conflicts;
mod entry_reporter;
mod interruption;
mod log_scan;
mod outcome;
mod place;
mod random;
mod server_message;
mod statuses;
#[cfg(test)]
mod tests;

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use tokio::runtime::Handle;

use crate::http::{self, Transport};
use crate::protocol::{EntryUuid, LogEndpoint, Timeouts};
use crate::report::{About, Diagnostic, Error, ErrorReport, Operation, Reporter, ReporterExt};
use crate::session::{Running, Session};
use crate::test_hooks::panic_point;

use attempts::Attempts;
pub use backoff::Retry;
pub use interruption::Interruption;
pub use outcome::{Cause, Failure, Outcome, Proof};
pub use place::Place;
pub use random::{Random, random};
pub use statuses::Statuses;

/// An entry on its way to a session's log.
pub struct Entry {
    pub uuid: EntryUuid,
    /// The entry as JSON: serialised once, whatever the number of attempts.
    pub body: Bytes,
    pub endpoint: Arc<LogEndpoint>,
    pub retry: Retry,
    pub timeouts: Timeouts,
    pub random: Random,
}

/// Puts `entry` at the end of the session's queue. Its order is decided when this returns; the rest happens on the
/// runtime, and ends with a call of `settle` (whether the server has the entry), after the last report. Where an
/// attempt panics, `settle` is dropped.
pub fn enqueue<T: Transport, R: Reporter + 'static>(
    runtime: &Handle,
    session: &Arc<Session>,
    entry: Entry,
    transport: T,
    reporter: R,
    settle: impl FnOnce(bool) + Send + 'static,
) {
    let of_session = session.clone();
    // The future is made when its turn comes: it is much larger than what it is made of.
    let job = Box::new(move || -> Running {
        panic_point!("job");
        Box::pin(async move { settle(append(&transport, &of_session, &entry, &reporter).await) })
    });
    if let Some(worker) = session.enqueue(job) {
        runtime.spawn(worker);
    }
}

/// Does what [`enqueue`] does for an entry that can leave the queue again before its turn. Where it has left, `settle` is
/// called with `false`.
pub fn enqueue_withdrawable<T: Transport, R: Reporter + 'static>(
    runtime: &Handle,
    session: &Arc<Session>,
    entry: Entry,
    transport: T,
    reporter: R,
    settle: impl FnOnce(bool) + Send + 'static,
) -> Place {
    let (of_session, place) = (session.clone(), Place::of(entry));
    let queued = place.clone();
    let job = Box::new(move || -> Running {
        panic_point!("job");
        Box::pin(async move {
            settle(match queued.take() {
                Some(entry) => append(&transport, &of_session, &entry, &reporter).await,
                None => false,
            });
        })
    });
    if let Some(worker) = session.enqueue(job) {
        runtime.spawn(worker);
    }
    place
}

/// Appends an entry by the rules of specification.md, section 3; true where the server has it.
async fn append<T: Transport>(
    transport: &T,
    session: &Session,
    entry: &Entry,
    reporter: &dyn Reporter,
) -> bool {
    panic_point!("append");
    let attempts = pin!(Attempts::new(transport, session, entry, reporter).run());
    match session.given_up().unless(attempts).await {
        Some(outcome) => outcome.is_stored(),
        None => {
            reporter.debug(|| format!("Appending {} is given up: the host shuts down", entry.uuid));
            false
        }
    }
}

/// Makes the attempts of an entry that is kept until the server has it.
pub(crate) async fn attempt<T: Transport>(
    transport: &T,
    session: &Session,
    entry: &Entry,
    reporter: &dyn Reporter,
    (doubt, interruption): (Option<Option<EntryUuid>>, Interruption),
) -> Outcome {
    panic_point!("append");
    let attempts = Attempts::new(transport, session, entry, reporter).until(interruption);
    let attempts = match doubt {
        Some(head) => attempts.in_doubt_from(head),
        None => attempts,
    };
    let given_up = Failure { cause: Cause::Outage, status: None, asked: None, refusals: 0 };
    session.given_up().unless(pin!(attempts.run())).await.unwrap_or(Outcome::Failed(given_up))
}

/// Reports an entry that cannot be sent at all. Its URL may be anything, and is not told.
pub fn report_unsendable(
    failure: http::Error,
    (session, uuid): (&Session, &EntryUuid),
    reporter: &dyn Reporter,
) {
    let about = About { session_id: session.id().cloned(), uuid: Some(uuid.to_string()), url: None };
    let report = ErrorReport { error: Error::NoResponse(Operation::Append, failure), about };
    session.note_error(&report);
    reporter.error(report);
    reporter.diagnostic(Diagnostic::PersistStatus { status: None, attempt: 1 });
}
