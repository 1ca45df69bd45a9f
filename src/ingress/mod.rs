//! The core: what decides, in plain async Rust that knows no JavaScript.
//!
//! # Layout
//!
//! - [`Ingress`]: the facade that the binding calls; one for each JavaScript environment.
//! - `session`: heads and queues. `append`: one entry, attempt by attempt. `backoff`: the waits.
//!   `doubt`: whether an entry is stored, and how the log answers that.
//! - `read`: a session's log. `teleport`: pages of events. `loglines`, `slice`, `members`: entries and
//!   members cut out of JSON as text.
//! - `request`: the requests of the protocol. `entry_uuid`: how entries are named.
//! - `caller`, `report`, `error`: what an operation asks of its host, and tells it.
//! - `runtime`, `guard`: where operations run, and what a panic in one becomes.

mod append;
#[cfg(test)]
mod append_case;
#[cfg(test)]
mod append_tests;
mod backoff;
mod caller;
mod doubt;
#[cfg(test)]
mod doubt_tests;
mod entry_uuid;
mod error;
mod guard;
mod loglines;
mod members;
mod read;
#[cfg(test)]
mod read_tests;
mod report;
mod request;
mod runtime;
mod session;
mod slice;
mod teleport;
#[cfg(test)]
mod teleport_tests;
#[cfg(test)]
mod testing;

use bytes::Bytes;
use tokio::runtime::Handle;

pub(crate) use backoff::Retry;
pub(crate) use caller::Caller;
pub(crate) use entry_uuid::EntryUuid;
pub(crate) use error::{Error, Operation};
pub(crate) use guard::panic_text;
pub(crate) use read::{Refused, Sink};
pub(crate) use report::{Data, Diagnostic, Report};
pub(crate) use request::{Account, Target, Timeouts};
pub(crate) use runtime::{Hooks, runtime};
pub(crate) use slice::Slice;
pub(crate) use teleport::Events;

use crate::http::{Failure, Request, Transport};
use append::Append;
use guard::guarded;
use read::Log;
use session::{Running, Sessions};

/// The sessions of one JavaScript environment, and what can be done with them.
///
/// Each function decides order and state before it returns; the rest happens on the runtime, and ends with
/// a call of `settle`, after the last report.
pub(crate) struct Ingress {
    runtime: Handle,
    sessions: Sessions,
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
}

impl Ingress {
    pub(crate) fn new(runtime: Handle) -> Self {
        Self { runtime, sessions: Sessions::default() }
    }

    /// Puts `entry` at the end of the session's queue; settles with whether the server has it. One that
    /// cannot be sent at all settles at once.
    pub(crate) fn append<T: Transport, C: Caller>(
        &mut self,
        session_id: &str,
        entry: Entry,
        transport: T,
        caller: C,
        settle: impl FnOnce(bool) + Send + 'static,
    ) {
        let session = self.sessions.get(session_id);
        let Entry { uuid, body, url, token, retry, timeouts } = entry;
        let target = match session.url(&url).and_then(|url| Target::at(url, &token)) {
            Ok(target) => target,
            Err(failure) => {
                append::report_unsendable(failure, &caller);
                return settle(false);
            }
        };
        let entry = Append { uuid, body, target, retry, timeouts };
        let of_session = session.clone();
        // The future is made when its turn comes: it is much larger than what it is made of.
        let job = Box::new(move || -> Running {
            Box::pin(async move {
                let append = append::append(&transport, &of_session, &entry, &caller);
                settle(or_failed(append, Operation::Append, &caller, false).await);
            })
        });
        session.enqueue(&self.runtime, job);
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
            let request = target.map(|target| target.read(reading.after_last_compact, &reading.timeouts));
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
            let request = account.and_then(|account| {
                account.read_log(&session_id, reading.after_last_compact, &reading.timeouts)
            });
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
        self.runtime.spawn(async move {
            let Reading { transport, mut sink, caller, timeouts, .. } = reading;
            let read = teleport::read_events(&transport, account, &session_id, &timeouts, &mut sink, &caller);
            settle(or_failed(read, Operation::ReadTeleportEvents, &caller, Events::None).await);
        });
    }

    /// Forgets the session's head and queue; what was queued is still sent, and chains on its own heads.
    pub(crate) fn clear(&mut self, session_id: &str) {
        self.sessions.clear(session_id);
    }

    /// The same for all sessions.
    pub(crate) fn clear_all(&mut self) {
        self.sessions.clear_all();
    }
}

impl<T: Transport, S: Sink, C: Caller> Reading<T, S, C> {
    async fn log(mut self, request: Result<Request, Failure>) -> Option<Log> {
        let read = read::read_log(&self.transport, request, &mut self.sink, &self.caller);
        or_failed(read, Operation::ReadLog, &self.caller, None).await
    }
}

/// What `work` comes to; a panic in it is reported, and comes to `failed`.
async fn or_failed<T>(
    work: impl Future<Output = T>,
    operation: Operation,
    caller: &dyn Caller,
    failed: T,
) -> T {
    guarded(work).await.unwrap_or_else(|panic| {
        caller.error(Error::Panicked(operation, panic));
        failed
    })
}
