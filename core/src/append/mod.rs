//! Appending one entry, attempt by attempt.

mod backoff;
mod log_scan;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::header::HeaderMap;
use tokio::runtime::Handle;
use tokio::time::sleep;

use crate::http::{Failure, Response, Transport, discard};
use crate::protocol::{EntryUuid, LogEndpoint, Timeouts, server_head};
use crate::read::read_log;
use crate::report::{Diagnostic, Error, Operation, Reporter, ReporterExt};
use crate::session::{InDoubt, Running, Session};
use crate::test_hooks::panic_point;

pub use backoff::Retry;
use backoff::retry_after;
use log_scan::LogScan;

/// An entry on its way to a session's log.
pub struct Entry {
    pub uuid: EntryUuid,
    /// The entry as JSON: serialised once, whatever the number of attempts.
    pub body: Bytes,
    pub endpoint: Arc<LogEndpoint>,
    pub retry: Retry,
    pub timeouts: Timeouts,
}

/// Puts `entry` at the end of the session's queue. Its order is decided when this returns; the rest happens on the
/// runtime, and ends with a call of `settle` (whether the server has the entry), after the last report. Where an
/// attempt panics, `settle` is dropped.
pub fn enqueue<T: Transport, R: Reporter>(
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

/// Appends an entry by the rules of specification.md, section 3; true where the server has it.
async fn append<T: Transport>(
    transport: &T,
    session: &Session,
    entry: &Entry,
    reporter: &dyn Reporter,
) -> bool {
    panic_point!("append");
    Attempts::new(transport, session, entry, reporter).run().await
}

/// Reports an entry that cannot be sent at all.
pub fn report_unsendable(failure: Failure, reporter: &dyn Reporter) {
    reporter.error(Error::NoAnswer(Operation::Append, failure));
    reporter.diagnostic(Diagnostic::PersistStatus { status: None, attempt: 1 });
}

/// What follows an attempt.
enum Next {
    /// The server has the entry.
    Stored,
    /// No further attempt can help.
    GiveUp,
    /// Another attempt, without delay: the server said what to change.
    AtOnce,
    /// Another attempt, after at least this long.
    After(Duration),
}

struct Attempts<'a, T> {
    transport: &'a T,
    session: &'a Session,
    entry: &'a Entry,
    reporter: &'a dyn Reporter,
    endpoint: Arc<LogEndpoint>,
    renewed: bool,
    /// The last attempt that may be made.
    last: u32,
    /// Since a failure after which the entry may or may not have been stored.
    ambiguous: bool,
    /// The head that the entry was sent from. While it may be stored it is sent from no other, unless the log
    /// has shown that it is not: a head that a read finds meanwhile may be the entry itself or one behind it,
    /// and the server would take the entry once more.
    from: Option<EntryUuid>,
    /// While it is to be found out whether it was.
    in_doubt: Option<InDoubt>,
}

impl<'a, T: Transport> Attempts<'a, T> {
    fn new(transport: &'a T, session: &'a Session, entry: &'a Entry, reporter: &'a dyn Reporter) -> Self {
        let in_doubt = session.with_in_doubt(|entries| entries.recall(&entry.uuid));
        Self {
            transport,
            session,
            entry,
            reporter,
            endpoint: Arc::clone(&entry.endpoint),
            renewed: false,
            last: entry.retry.max_attempts,
            ambiguous: in_doubt.is_some(),
            from: None,
            in_doubt,
        }
    }

    async fn run(mut self) -> bool {
        let stored = self.repeat().await;
        self.session.with_in_doubt(|entries| {
            if self.ambiguous && !stored {
                entries.remember(self.entry.uuid.clone(), self.in_doubt.unwrap_or_default());
            } else {
                entries.forget(&self.entry.uuid);
            }
        });
        stored
    }

    async fn repeat(&mut self) -> bool {
        for (attempt, wait) in (1..).zip(self.entry.retry.waits()) {
            if attempt > 1 {
                self.session.count_retry();
            }
            let next = match self.in_doubt.take() {
                Some(in_doubt) => match Box::pin(self.look_for_entry(in_doubt, attempt)).await {
                    // Known not to be stored, and no other attempt left to store it.
                    Next::AtOnce if attempt == self.last => self.put(attempt).await,
                    next => next,
                },
                None => self.put(attempt).await,
            };
            match next {
                Next::Stored => return true,
                Next::GiveUp => return false,
                Next::AtOnce => {}
                Next::After(_) if attempt == self.last => {
                    self.reporter.debug(|| format!("Appending {} failed for good", self.entry.uuid));
                    self.reporter.diagnostic(Diagnostic::PersistRetriesExhausted { attempt });
                    return false;
                }
                Next::After(asked) => {
                    let wait = wait.max(asked);
                    self.reporter.debug(|| {
                        let (uuid, ms) = (&self.entry.uuid, wait.as_millis());
                        format!("Appending {uuid} failed (attempt {attempt}), next attempt in {ms} ms")
                    });
                    sleep(wait).await;
                }
            }
        }
        self.reporter.debug(|| format!("Appending {} met conflicts in all attempts", self.entry.uuid));
        false
    }

    async fn put(&mut self, attempt: u32) -> Next {
        if !self.ambiguous {
            self.from = self.session.head();
        }
        let request = self.endpoint.append(self.from.as_ref(), &self.entry.body, &self.entry.timeouts);
        let Response { status, headers, body } = match self.transport.send(request).await {
            Ok(response) => response,
            Err(failure) => return self.no_answer(failure, attempt),
        };
        // The status decides, whatever becomes of the body.
        discard(body).await;
        match status {
            200 | 201 => {
                self.reporter.debug(|| format!("Appended {}", self.entry.uuid));
                self.stored(self.entry.uuid.clone())
            }
            409 => Box::pin(self.conflict(server_head(&headers), attempt)).await,
            401 => Box::pin(self.unauthorized(attempt)).await,
            status => self.refused(status, &headers, attempt),
        }
    }

    fn stored(&mut self, head: EntryUuid) -> Next {
        self.session.set_head(head);
        Next::Stored
    }

    fn no_answer(&mut self, failure: Failure, attempt: u32) -> Next {
        self.ambiguous |= failure.may_have_reached_the_server();
        // The URL and the token were found good: what is left to be unsendable stays so.
        let hopeless = matches!(failure, Failure::Unsendable(_));
        self.reporter.error(Error::NoAnswer(Operation::Append, failure));
        self.reporter.diagnostic(Diagnostic::PersistStatus { status: None, attempt });
        if hopeless { Next::GiveUp } else { Next::After(Duration::ZERO) }
    }

    fn refused(&mut self, status: u16, headers: &HeaderMap, attempt: u32) -> Next {
        // A 4xx says that nothing was stored, but for a 408, which only says that it took too long.
        self.ambiguous |= status == 408 || !(400..500).contains(&status);
        self.reporter.debug(|| format!("Appending {}: the server answered {status}", self.entry.uuid));
        if status >= 500 {
            self.reporter.error(Error::Status(Operation::Append, status));
        }
        self.reporter.diagnostic(Diagnostic::PersistStatus { status: Some(status), attempt });
        Next::After(retry_after(status, headers, SystemTime::now()).unwrap_or_default())
    }

    async fn unauthorized(&mut self, attempt: u32) -> Next {
        self.reporter.debug(|| format!("Appending {}: the server refused the token", self.entry.uuid));
        self.reporter.diagnostic(Diagnostic::PersistBadToken);
        if self.renewed || attempt == self.last {
            return Next::GiveUp;
        }
        let Ok(Some(token)) = self.reporter.renew_token().await else { return Next::GiveUp };
        match self.endpoint.with_token(&token) {
            Ok(endpoint) if endpoint != *self.endpoint => {
                self.reporter.debug(|| "The host has another token: trying with that".into());
                (self.endpoint, self.renewed) = (Arc::new(endpoint), true);
                Next::AtOnce
            }
            _ => Next::GiveUp,
        }
    }

    async fn conflict(&mut self, server_head: Option<EntryUuid>, attempt: u32) -> Next {
        match server_head {
            Some(named) if named == self.entry.uuid => {
                self.recovered();
                self.stored(self.entry.uuid.clone())
            }
            Some(named) if self.ambiguous => {
                self.look_for_entry(InDoubt { named: Some(named) }, attempt).await
            }
            Some(named) => self.adopt(named),
            None => self.look_for_head().await,
        }
    }

    fn recovered(&self) {
        self.reporter.debug(|| format!("{} was stored before", self.entry.uuid));
        self.reporter.diagnostic(Diagnostic::PersistRecoveredFrom409);
    }

    fn adopt(&mut self, head: EntryUuid) -> Next {
        self.reporter.debug(|| format!("Appending {}: continuing from {head}", self.entry.uuid));
        self.from = Some(head.clone());
        self.session.set_head(head);
        self.reporter.diagnostic(Diagnostic::PersistAdoptedServerUuid);
        Next::AtOnce
    }

    /// A conflict that names no head: the log has it, or nothing has.
    async fn look_for_head(&mut self) -> Next {
        let mut scan = LogScan::new(&self.entry.uuid, None);
        let read = self.scan_log(&mut scan).await;
        let LogScan { has_own, last, .. } = scan;
        match last {
            Some(last) if read && has_own => {
                self.recovered();
                self.stored(last)
            }
            Some(last) if read => self.adopt(last),
            _ => {
                self.reporter.error(Error::NoHeadToAdopt);
                self.reporter.diagnostic(Diagnostic::PersistConcurrentModification);
                Next::GiveUp
            }
        }
    }

    /// Reads the log to find out whether the entry is stored, before it is sent again.
    async fn look_for_entry(&mut self, in_doubt: InDoubt, attempt: u32) -> Next {
        let mut scan = LogScan::new(&self.entry.uuid, in_doubt.named.as_ref());
        let read = self.scan_log(&mut scan).await;
        let LogScan { has_own, has_named, last, .. } = scan;
        match last {
            Some(last) if read && has_own => {
                self.recovered();
                self.stored(last)
            }
            Some(last) if read && (has_named || in_doubt.named.is_none()) => self.adopt(last),
            // An empty log: the next PUT, which names no head, will tell whether it is.
            None if read && in_doubt.named.is_none() => Next::AtOnce,
            _ => {
                self.reporter
                    .debug(|| format!("The log does not show whether {} is stored", self.entry.uuid));
                self.in_doubt = Some(in_doubt);
                if attempt == self.last {
                    self.reporter.error(Error::StillInDoubt);
                }
                Next::After(Duration::ZERO)
            }
        }
    }

    /// Whether the log could be read.
    async fn scan_log(&self, scan: &mut LogScan<'_>) -> bool {
        // Always the whole log: the entry may stand before its last compaction.
        let request = self.endpoint.search(&self.entry.timeouts);
        read_log(self.transport, request, scan, self.reporter).await.is_some()
    }
}
