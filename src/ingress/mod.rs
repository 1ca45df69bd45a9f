//! The core: what decides, in plain async Rust that knows no JavaScript.
//!
//! # Layout
//!
//! - [`Ingress`]: the facade that the binding calls; one for each JavaScript environment.
//! - `session`, `sessions`: heads and queues. `append`: one entry, attempt by attempt. `backoff`: the waits.
//!   `doubt`: whether an entry is stored, and how the log answers that.
//! - `read`: a session's log. `teleport`: pages of events. `loglines`, `slice`, `members`: entries and
//!   members cut out of JSON as text.
//! - `request`: the requests of the protocol. `entry_uuid`: how entries are named.
//! - `caller`, `report`, `error`: what an operation asks of its host, and tells it. `progress`: how far a read
//!   is. `cancel`: reads that are wanted no more. `tally`: what became of appends.
//! - `runtime`, `guard`: where operations run, and what a panic in one becomes.

mod append;
#[cfg(test)]
mod append_case;
#[cfg(test)]
mod append_tests;
mod backoff;
mod caller;
mod cancel;
mod doubt;
#[cfg(test)]
mod doubt_tests;
mod entry_uuid;
mod error;
#[cfg(test)]
mod fuzz;
mod guard;
mod in_string;
#[cfg(test)]
mod ingress_tests;
mod loglines;
mod members;
mod progress;
mod read;
#[cfg(test)]
mod read_tests;
mod report;
mod request;
mod runtime;
mod session;
mod sessions;
mod skeleton;
mod slice;
mod tally;
mod teleport;
#[cfg(test)]
mod teleport_tests;
#[cfg(test)]
mod testing;

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::runtime::Handle;

pub(crate) use backoff::Retry;
pub(crate) use caller::Caller;
pub(crate) use cancel::{Cancel, Cancelled, cancellation};
pub(crate) use entry_uuid::EntryUuid;
pub(crate) use error::{Error, Operation};
pub(crate) use guard::panic_text;
pub(crate) use progress::{Meter, Progress};
pub(crate) use read::{Refused, Sink};
pub(crate) use report::{Data, Diagnostic, Report};
pub(crate) use request::{Account, Target, Timeouts};
pub(crate) use runtime::{Hooks, runtime};
pub(crate) use sessions::Sessions;
pub(crate) use slice::Slice;
pub(crate) use tally::{Pending, Stats, Ticket};
pub(crate) use teleport::Events;

use crate::http::{Failure, Request, Transport};
use crate::test_hooks::panic_point;
use append::Append;
use cancel::unless_cancelled;
use guard::guarded;
use read::Log;
use session::Running;

/// What can be done with the sessions of one JavaScript environment.
///
/// Each function decides order and state before it returns; the rest happens on the runtime, and ends with
/// a call of `settle`, after the last report.
pub(crate) struct Ingress<'a> {
    runtime: &'a Handle,
    sessions: &'a mut Sessions,
}

/// An entry that is to be appended.
pub(crate) struct Entry {
    pub(crate) uuid: EntryUuid,
    /// The entry as JSON.
    pub(crate) body: Bytes,
    /// Where the session's log is.
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) retry: Retry,
    pub(crate) timeouts: Timeouts,
}

/// What every read needs.
pub(crate) struct Reading<T, S, C> {
    pub(crate) transport: T,
    pub(crate) sink: S,
    pub(crate) caller: C,
    /// Only the entries since the last compaction. Of no meaning for teleport events.
    pub(crate) after_last_compact: bool,
    pub(crate) timeouts: Timeouts,
    /// So many bytes an answer may have; `None` is no limit.
    pub(crate) answer_at_most: Option<u64>,
    /// Says that nobody wants the result any more.
    pub(crate) cancelled: Cancelled,
}

impl<'a> Ingress<'a> {
    pub(crate) fn new(runtime: &'a Handle, sessions: &'a mut Sessions) -> Self {
        Self { runtime, sessions }
    }

    /// Puts `entry` at the end of the session's queue; settles with whether the server has it, and with the
    /// ticket by which that is counted. One that cannot be sent at all settles at once.
    pub(crate) fn append<T: Transport, C: Caller>(
        &mut self,
        session_id: &str,
        entry: Entry,
        transport: T,
        caller: C,
        settle: impl FnOnce(bool, Ticket) + Send + 'static,
    ) {
        let session = self.sessions.get(session_id);
        let Entry { uuid, body, url, token, retry, timeouts } = entry;
        let ticket = Ticket::new(session.tally.clone(), body.len());
        let target = match session.target(url, &token) {
            Ok(target) => target,
            Err(failure) => {
                append::report_unsendable(failure, &caller);
                return settle(false, ticket);
            }
        };
        let entry = Append { uuid, body, target, retry, timeouts };
        let of_session = session.clone();
        // The future is made when its turn comes: it is much larger than what it is made of.
        let job = Box::new(move || -> Running {
            panic_point!("job");
            Box::pin(async move {
                let append = append::append(&transport, &of_session, &entry, &caller);
                settle(or_failed(append, Operation::Append, &caller, false).await, ticket);
            })
        });
        if let Some(worker) = session.enqueue(job) {
            self.runtime.spawn(worker);
        }
    }

    /// Reads a session's log and takes its last entry for the head; settles with whether there is a result.
    pub(crate) fn read_session_log<T: Transport, S: Sink + 'static, C: Caller>(
        &mut self,
        session_id: &str,
        target: Result<Target, Failure>,
        reading: Reading<T, S, C>,
        settle: impl FnOnce(bool) + Send + 'static,
    ) {
        // The session as it is now: one that is cleared meanwhile keeps no head from this read.
        let session = self.sessions.get(session_id);
        self.runtime.spawn(async move {
            let request = |after, timeouts: &Timeouts| target.map(|target| target.read(after, timeouts));
            let log = reading.log(request).await;
            let read = log.is_some();
            if let Some(last_uuid) = log.and_then(|log| log.last_uuid) {
                session.set_head(last_uuid);
            }
            settle(read);
        });
    }

    /// Reads a session's log with the authority of an account; heads are not touched.
    pub(crate) fn read_account_log<T: Transport, S: Sink + 'static, C: Caller>(
        &self,
        session_id: String,
        account: Result<Account, Failure>,
        reading: Reading<T, S, C>,
        settle: impl FnOnce(bool) + Send + 'static,
    ) {
        self.runtime.spawn(async move {
            let request = |after, timeouts: &Timeouts| account?.read_log(&session_id, after, timeouts);
            settle(reading.log(request).await.is_some());
        });
    }

    /// Reads the payloads of a session's teleport events; settles with how that ended.
    pub(crate) fn read_events<T: Transport, S: Sink + 'static, C: Caller>(
        &self,
        session_id: String,
        account: Result<Account, Failure>,
        reading: Reading<T, S, C>,
        settle: impl FnOnce(Events) + Send + 'static,
    ) {
        self.runtime.spawn(async move { settle(reading.events(account, &session_id).await) });
    }
}

impl<T: Transport, S: Sink, C: Caller> Reading<T, S, C> {
    /// `request` makes the request, given whether to ask for the last compaction on.
    async fn log(self, request: impl FnOnce(bool, &Timeouts) -> Result<Request, Failure>) -> Option<Log> {
        let Self { transport, mut sink, caller, after_last_compact, timeouts, answer_at_most, cancelled } =
            self;
        let read = async {
            let request = request(after_last_compact, &timeouts);
            let request = request.map(|request| request.at_most(answer_at_most));
            read::read_log(&transport, request, &mut sink, &caller).await
        };
        let operation = Operation::ReadLog;
        or_cancelled(cancelled, or_failed(read, operation, &caller, None), operation, &caller, None).await
    }

    async fn events(self, account: Result<Account, Failure>, session_id: &str) -> Events {
        let Self { transport, mut sink, caller, timeouts, answer_at_most, cancelled, .. } = self;
        let request = account.map(|account| {
            move |cursor: Option<&str>| {
                let request = account.read_events(session_id, cursor, &timeouts)?;
                Ok(request.at_most(answer_at_most))
            }
        });
        let read = teleport::read_events(&transport, request, &mut sink, &caller);
        let operation = Operation::ReadTeleportEvents;
        let read = or_failed(read, operation, &caller, Events::None);
        or_cancelled(cancelled, read, operation, &caller, Events::None).await
    }
}

/// What `work` comes to; where it was cancelled first, `nothing`. That is no failure, and not reported as one.
fn or_cancelled<T>(
    cancelled: Cancelled,
    work: impl Future<Output = T>,
    operation: Operation,
    caller: &dyn Caller,
    nothing: T,
) -> impl Future<Output = T> {
    unless_cancelled(cancelled, work).map(move |done| {
        done.unwrap_or_else(|| {
            caller.debug(|| format!("Cancelled: {operation}"));
            nothing
        })
    })
}

/// What `work` comes to; a panic in it is reported, and comes to `failed`.
fn or_failed<T>(
    work: impl Future<Output = T>,
    operation: Operation,
    caller: &dyn Caller,
    failed: T,
) -> impl Future<Output = T> {
    guarded(work).map(move |done| {
        done.unwrap_or_else(|panic| {
            caller.error(Error::Panicked(operation, panic));
            failed
        })
    })
}
