//! Appending one entry, attempt by attempt.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::header::HeaderMap;
use tokio::time::sleep;

use super::backoff::{Retry, retry_after};
use super::caller::Caller;
use super::doubt::{Doubt, Search};
use super::entry_uuid::EntryUuid;
use super::error::{Error, Operation};
use super::read::read_log;
use super::report::Diagnostic;
use super::request::{Target, Timeouts, server_head};
use super::session::Session;
use crate::http::{Failure, Response, Transport, discard};
use crate::test_hooks::panic_point;

/// An entry on its way to a session's log.
pub(crate) struct Append {
    pub(crate) uuid: EntryUuid,
    /// The entry as JSON: serialised once, whatever the number of attempts.
    pub(crate) body: Bytes,
    pub(crate) target: Arc<Target>,
    pub(crate) retry: Retry,
    pub(crate) timeouts: Timeouts,
}

/// Appends an entry by the rules of SPEC section 3; true where the server has it.
pub(crate) async fn append<T: Transport>(
    transport: &T,
    session: &Session,
    entry: &Append,
    caller: &dyn Caller,
) -> bool {
    panic_point!("append");
    Attempts::new(transport, session, entry, caller).run().await
}

/// Reports an entry that cannot be sent at all.
pub(crate) fn report_unsendable(failure: Failure, caller: &dyn Caller) {
    caller.error(Error::NoAnswer(Operation::Append, failure));
    caller.diagnostic(Diagnostic::PersistStatus { status: None, attempt: 1 });
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
    entry: &'a Append,
    caller: &'a dyn Caller,
    target: Arc<Target>,
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
    doubt: Option<Doubt>,
}

impl<'a, T: Transport> Attempts<'a, T> {
    fn new(transport: &'a T, session: &'a Session, entry: &'a Append, caller: &'a dyn Caller) -> Self {
        let doubt = session.with_unsure(|unsure| unsure.recall(&entry.uuid));
        Self {
            transport,
            session,
            entry,
            caller,
            target: Arc::clone(&entry.target),
            renewed: false,
            last: entry.retry.max_attempts,
            ambiguous: doubt.is_some(),
            from: None,
            doubt,
        }
    }

    async fn run(mut self) -> bool {
        let stored = self.repeat().await;
        self.session.with_unsure(|unsure| {
            if self.ambiguous && !stored {
                unsure.remember(self.entry.uuid.clone(), self.doubt.unwrap_or_default());
            } else {
                unsure.forget(&self.entry.uuid);
            }
        });
        stored
    }

    async fn repeat(&mut self) -> bool {
        for (attempt, wait) in (1..).zip(self.entry.retry.waits()) {
            if attempt > 1 {
                self.session.tally.retried();
            }
            let next = match self.doubt.take() {
                Some(doubt) => match Box::pin(self.look_for_entry(doubt, attempt)).await {
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
                    self.caller.debug(|| format!("Appending {} failed for good", self.entry.uuid));
                    self.caller.diagnostic(Diagnostic::PersistRetriesExhausted { attempt });
                    return false;
                }
                Next::After(asked) => {
                    let wait = wait.max(asked);
                    self.caller.debug(|| {
                        let (uuid, ms) = (&self.entry.uuid, wait.as_millis());
                        format!("Appending {uuid} failed (attempt {attempt}), next attempt in {ms} ms")
                    });
                    sleep(wait).await;
                }
            }
        }
        self.caller.debug(|| format!("Appending {} met conflicts in all attempts", self.entry.uuid));
        false
    }

    async fn put(&mut self, attempt: u32) -> Next {
        if !self.ambiguous {
            self.from = self.session.head();
        }
        let request = self.target.append(self.from.as_ref(), &self.entry.body, &self.entry.timeouts);
        let Response { status, headers, body } = match self.transport.send(request).await {
            Ok(response) => response,
            Err(failure) => return self.no_answer(failure, attempt),
        };
        // The status decides, whatever becomes of the body.
        discard(body).await;
        match status {
            200 | 201 => {
                self.caller.debug(|| format!("Appended {}", self.entry.uuid));
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
        self.caller.error(Error::NoAnswer(Operation::Append, failure));
        self.caller.diagnostic(Diagnostic::PersistStatus { status: None, attempt });
        if hopeless { Next::GiveUp } else { Next::After(Duration::ZERO) }
    }

    fn refused(&mut self, status: u16, headers: &HeaderMap, attempt: u32) -> Next {
        // A 4xx says that nothing was stored, but for a 408, which only says that it took too long.
        self.ambiguous |= status == 408 || !(400..500).contains(&status);
        self.caller.debug(|| format!("Appending {}: the server answered {status}", self.entry.uuid));
        if status >= 500 {
            self.caller.error(Error::Status(Operation::Append, status));
        }
        self.caller.diagnostic(Diagnostic::PersistStatus { status: Some(status), attempt });
        Next::After(retry_after(status, headers, SystemTime::now()).unwrap_or_default())
    }

    async fn unauthorized(&mut self, attempt: u32) -> Next {
        self.caller.debug(|| format!("Appending {}: the server refused the token", self.entry.uuid));
        self.caller.diagnostic(Diagnostic::PersistBadToken);
        if self.renewed || attempt == self.last {
            return Next::GiveUp;
        }
        let Ok(Some(token)) = self.caller.renew_token().await else { return Next::GiveUp };
        match self.target.with_token(&token) {
            Ok(target) if target != *self.target => {
                self.caller.debug(|| "The host has another token: trying with that".into());
                (self.target, self.renewed) = (Arc::new(target), true);
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
            Some(named) if self.ambiguous => self.look_for_entry(Doubt { named: Some(named) }, attempt).await,
            Some(named) => self.adopt(named),
            None => self.look_for_head().await,
        }
    }

    fn recovered(&self) {
        self.caller.debug(|| format!("{} was stored before", self.entry.uuid));
        self.caller.diagnostic(Diagnostic::PersistRecoveredFrom409);
    }

    fn adopt(&mut self, head: EntryUuid) -> Next {
        self.caller.debug(|| format!("Appending {}: continuing from {head}", self.entry.uuid));
        self.from = Some(head.clone());
        self.session.set_head(head);
        self.caller.diagnostic(Diagnostic::PersistAdoptedServerUuid);
        Next::AtOnce
    }

    /// A conflict that names no head: the log has it, or nothing has.
    async fn look_for_head(&mut self) -> Next {
        let mut search = Search::new(&self.entry.uuid, None);
        let read = self.search(&mut search).await;
        let Search { has_own, last, .. } = search;
        match last {
            Some(last) if read && has_own => {
                self.recovered();
                self.stored(last)
            }
            Some(last) if read => self.adopt(last),
            _ => {
                self.caller.error(Error::NoHeadToAdopt);
                self.caller.diagnostic(Diagnostic::PersistConcurrentModification);
                Next::GiveUp
            }
        }
    }

    /// Reads the log to find out whether the entry is stored, before it is sent again.
    async fn look_for_entry(&mut self, doubt: Doubt, attempt: u32) -> Next {
        let mut search = Search::new(&self.entry.uuid, doubt.named.as_ref());
        let read = self.search(&mut search).await;
        let Search { has_own, has_named, last, .. } = search;
        match last {
            Some(last) if read && has_own => {
                self.recovered();
                self.stored(last)
            }
            Some(last) if read && (has_named || doubt.named.is_none()) => self.adopt(last),
            // An empty log: the next PUT, which names no head, will tell whether it is.
            None if read && doubt.named.is_none() => Next::AtOnce,
            _ => {
                self.caller.debug(|| format!("The log does not show whether {} is stored", self.entry.uuid));
                self.doubt = Some(doubt);
                if attempt == self.last {
                    self.caller.error(Error::StillInDoubt);
                }
                Next::After(Duration::ZERO)
            }
        }
    }

    /// Whether the log could be read.
    async fn search(&self, search: &mut Search<'_>) -> bool {
        // Always the whole log: the entry may stand before its last compaction.
        let request = self.target.read(false, &self.entry.timeouts);
        read_log(self.transport, Ok(request), search, self.caller).await.is_some()
    }
}
