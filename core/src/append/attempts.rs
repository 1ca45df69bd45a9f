//! One entry, attempt by attempt, by the rules of specification.md, section 3.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;
use tokio::time::sleep;

use super::backoff::retry_after;
use super::conflicts::Conflicts;
use super::entry_reporter::EntryReporter;
use super::log_scan::LogScan;
use super::outcome::{Cause, Failure, Outcome, Proof};
use super::server_message::server_message;
use super::{Entry, Interruption};
use crate::http::{self, Response, Transport, discard};
use crate::protocol::{EntryUuid, LogEndpoint, server_head};
use crate::read::{SearchError, search_log};
use crate::report::{Diagnostic, Error, Operation, Reporter, ReporterExt};
use crate::session::Session;

/// The step after a request.
enum Next {
    /// The server has the entry.
    Stored(Proof),
    /// No further attempt can help.
    GiveUp,
    /// Another request, without delay: the server said what to change.
    AtOnce,
    /// The attempt has failed: another one after the wait.
    After(Failed),
}

/// An attempt that has failed.
#[derive(Default)]
struct Failed {
    /// The wait that the server asked for.
    asked: Option<Duration>,
    /// The reason, to be reported where no attempt is left.
    error: Option<Error>,
}

/// A conflict, or a doubt, for which the log is still to be searched, before anything else is done.
struct Unresolved {
    /// The entry that the conflict named as the server's head. A log without it is older than the conflict, and
    /// proves nothing.
    named: Option<EntryUuid>,
}

pub(super) struct Attempts<'a, T> {
    transport: &'a T,
    session: &'a Session,
    entry: &'a Entry,
    reporter: EntryReporter<'a>,
    endpoint: Arc<LogEndpoint>,
    renewed: bool,
    /// The number of the current attempt: those before it have failed, or had a token that is renewed by now.
    attempt: u32,
    puts: u32,
    conflicts: Conflicts,
    /// Set by a failure after which the entry may or may not have been stored.
    ambiguous: bool,
    /// The head that the entry was sent from. While it may be stored it is sent from no other, unless the log
    /// has shown that it is not: a head that a read finds meanwhile may be the entry itself or one behind it,
    /// and the server would take the entry once more.
    from: Option<EntryUuid>,
    unresolved: Option<Unresolved>,
    failure: Failure,
    interruption: Interruption,
}

impl<'a, T: Transport> Attempts<'a, T> {
    pub(super) fn new(
        transport: &'a T,
        session: &'a Session,
        entry: &'a Entry,
        reporter: &'a dyn Reporter,
    ) -> Self {
        let in_doubt = session.with_in_doubt(|entries| entries.recall(&entry.uuid).cloned());
        let ambiguous = in_doubt.is_some();
        let (from, unresolved) = match in_doubt {
            Some(in_doubt) if in_doubt.url == *entry.endpoint.url() => (in_doubt.from, None),
            // Perhaps the same log by another URL, of which the head says nothing about the entry.
            Some(_) => (None, Some(Unresolved { named: None })),
            None => (None, None),
        };
        Self {
            transport,
            session,
            entry,
            reporter: EntryReporter { reporter, session, entry },
            endpoint: Arc::clone(&entry.endpoint),
            renewed: false,
            attempt: 1,
            puts: 0,
            conflicts: Conflicts::default(),
            ambiguous,
            from,
            unresolved,
            failure: Failure { cause: Cause::Outage, status: None, asked: None, refusals: 0 },
            interruption: Interruption::default(),
        }
    }

    /// The same for an entry that an earlier process may have sent, or may be sending still: `head` is one from which
    /// it is refused where it is stored.
    pub(super) fn in_doubt_from(mut self, head: Option<EntryUuid>) -> Self {
        if !self.ambiguous {
            (self.ambiguous, self.from, self.unresolved) = (true, head, None);
        }
        self
    }

    /// The same, ending in place of a wait once the server is known to be out of reach.
    pub(super) fn until(mut self, interruption: Interruption) -> Self {
        self.interruption = interruption;
        self
    }

    pub(super) async fn run(mut self) -> Outcome {
        let outcome = match self.repeat().await {
            Some(proof) => Outcome::Stored(proof),
            None => Outcome::Failed(self.failure),
        };
        let stored = outcome.is_stored();
        let (uuid, url) = (&self.entry.uuid, self.entry.endpoint.url());
        self.session.with_in_doubt(|entries| {
            if self.ambiguous && !stored {
                entries.remember(uuid.clone(), url.clone(), self.from);
            } else {
                entries.forget(uuid);
            }
        });
        outcome
    }

    /// How the server is known to have the entry; `None` where it is not.
    async fn repeat(&mut self) -> Option<Proof> {
        loop {
            let (unresolved, attempt) = (self.unresolved.take(), self.attempt);
            let begins_with_search = unresolved.is_some();
            let next = match unresolved {
                Some(Unresolved { named }) => Box::pin(self.search(named)).await,
                None => self.put().await,
            };
            match next {
                Next::Stored(proof) => return Some(proof),
                Next::GiveUp => return None,
                Next::AtOnce => {}
                Next::After(Failed { error, .. }) if self.is_last() => {
                    self.exhausted(self.attempt, error);
                    return None;
                }
                Next::After(Failed { asked, .. }) => {
                    let wait = self.entry.retry.wait(self.attempt, asked, self.entry.random);
                    self.reporter.debug(|| {
                        let (uuid, attempt, ms) = (&self.entry.uuid, self.attempt, wait.as_millis());
                        format!("Appending {uuid} failed (attempt {attempt}), next attempt in {ms} ms")
                    });
                    if self.interruption.during(wait).await {
                        self.reporter.debug(|| "The server is out of reach for others, too".into());
                        self.exhausted(self.attempt, None);
                        return None;
                    }
                    self.attempt += 1;
                }
            }
            // The PUT after a search that an attempt began with is of that attempt.
            if !begins_with_search || self.attempt > attempt {
                self.session.count_retry();
            }
        }
    }

    fn is_last(&self) -> bool {
        self.attempt >= self.entry.retry.max_attempts
    }

    /// Reports that no attempt is left; `attempt` is what the diagnostic counts.
    fn exhausted(&self, attempt: u32, error: Option<Error>) {
        self.reporter.debug(|| format!("Appending {} failed for good", self.entry.uuid));
        if let Some(error) = error {
            self.reporter.error(error);
        }
        self.reporter.diagnostic(Diagnostic::PersistRetriesExhausted { attempt });
    }

    async fn put(&mut self) -> Next {
        let head = self.session.head_to_append_to(self.endpoint.url());
        if !self.ambiguous {
            self.from = head;
        }
        self.puts += 1;
        let request = self.endpoint.append(self.from.as_ref(), &self.entry.body, &self.entry.timeouts);
        let Response { status, headers, body } = match self.transport.send(request).await {
            Ok(response) => response,
            Err(failure) => return self.no_response(failure),
        };
        // It may be the response to a second copy, whatever it says: the first one may be stored.
        self.ambiguous |= self.entry.retry.verify_conflicts;
        // The status decides, whatever becomes of the body.
        if !matches!(status, 200 | 201 | 401 | 409) {
            return Box::pin(self.refused(status, &headers, body)).await;
        }
        discard(body).await;
        if status == 409 {
            return Box::pin(self.conflict(server_head(&headers))).await;
        }
        self.conflicts.end_row();
        if status == 401 {
            self.failed(Cause::Token, Some(401), None);
            return Box::pin(self.unauthorized()).await;
        }
        self.reporter.debug(|| format!("Appended {}", self.entry.uuid));
        self.stored(self.entry.uuid.clone(), Proof::Put)
    }

    fn stored(&mut self, head: EntryUuid, proof: Proof) -> Next {
        self.session.set_head(self.endpoint.url(), head);
        Next::Stored(proof)
    }

    /// Notes why the attempt failed.
    fn failed(&mut self, cause: Cause, status: Option<u16>, asked: Option<Duration>) {
        let refusals = if cause == Cause::Entry { self.failure.refusals + 1 } else { 0 };
        self.failure = Failure { cause, status, asked, refusals };
    }

    fn no_response(&mut self, failure: http::Error) -> Next {
        self.conflicts.end_row();
        self.ambiguous |= failure.may_have_reached_the_server();
        // The URL and the token were found good: what is left to be unsendable stays so.
        let hopeless = matches!(failure, http::Error::Unsendable(_));
        self.failed(if hopeless { Cause::Session } else { Cause::Outage }, None, None);
        self.reporter.error(Error::NoResponse(Operation::Append, failure));
        self.reporter.diagnostic(Diagnostic::PersistStatus { status: None, attempt: self.attempt });
        if hopeless { Next::GiveUp } else { Next::After(Failed::default()) }
    }

    async fn refused(&mut self, status: u16, headers: &HeaderMap, body: T::Body) -> Next {
        self.conflicts.end_row();
        // A 4xx says that nothing was stored, but for a 408, which only says that it took too long.
        self.ambiguous |= status == 408 || !(400..500).contains(&status);
        self.reporter.debug(|| format!("Appending {}: the server answered {status}", self.entry.uuid));
        let attempt = self.attempt;
        let asked = retry_after(status, headers, SystemTime::now());
        self.failed(Cause::of_status(status), Some(status), asked);
        let diagnostic = Diagnostic::PersistStatus { status: Some(status), attempt };
        let hopeless = self.entry.retry.give_up_on.contains(status);
        if hopeless || self.is_last() {
            let tokens = [self.entry.endpoint.token(), self.endpoint.token()];
            let message = server_message(body, tokens).await;
            let attempts = (!hopeless).then_some(attempt);
            self.reporter.error(Error::Refused { status, attempts, message });
            self.reporter.diagnostic(diagnostic);
            self.exhausted(attempt, None);
            return Next::GiveUp;
        }
        discard(body).await;
        if status >= 500 {
            self.reporter.error(Error::Status(Operation::Append, status));
        }
        self.reporter.diagnostic(diagnostic);
        Next::After(Failed { asked, error: None })
    }

    async fn unauthorized(&mut self) -> Next {
        self.reporter.debug(|| format!("Appending {}: the server refused the token", self.entry.uuid));
        self.reporter.diagnostic(Diagnostic::PersistBadToken);
        if self.renewed || self.is_last() {
            return Next::GiveUp;
        }
        let refused = self.endpoint.authorization();
        let token = self.session.renewals().renew(refused, &self.reporter).await;
        match token.and_then(|token| self.endpoint.with_token(&token).ok()) {
            Some(endpoint) if endpoint != *self.endpoint => {
                self.reporter.debug(|| "The host has another token: trying with that".into());
                (self.endpoint, self.renewed) = (Arc::new(endpoint), true);
                self.attempt += 1;
                Next::AtOnce
            }
            _ => Next::GiveUp,
        }
    }

    async fn conflict(&mut self, named: Option<EntryUuid>) -> Next {
        if named.as_ref() == Some(&self.entry.uuid) {
            self.recovered();
            return self.stored(self.entry.uuid.clone(), Proof::Seen);
        }
        self.failed(Cause::Session, Some(409), None);
        let max_conflicts = self.entry.retry.max_conflicts;
        let wait = self.conflicts.count(self.entry.random);
        if max_conflicts > 0 && !wait.is_zero() {
            // Before the log is read, so that what is read is fresh.
            sleep(wait).await;
        }
        let next = match named {
            Some(named) if !self.ambiguous => self.adopt(named),
            named => self.search(named).await,
        };
        match next {
            Next::AtOnce if max_conflicts == 0 && self.is_last() => {
                self.reporter.debug(|| format!("Appending {} met conflicts to the last", self.entry.uuid));
                Next::GiveUp
            }
            Next::AtOnce if max_conflicts == 0 => {
                self.attempt += 1;
                Next::AtOnce
            }
            Next::AtOnce | Next::After(..) if max_conflicts > 0 && self.conflicts.met() >= max_conflicts => {
                self.exhausted(self.puts, Some(Error::ConflictsExhausted(max_conflicts)));
                Next::GiveUp
            }
            next => next,
        }
    }

    fn recovered(&self) {
        self.reporter.debug(|| format!("{} was stored before", self.entry.uuid));
        self.reporter.diagnostic(Diagnostic::PersistRecoveredFrom409);
    }

    fn adopt(&mut self, head: EntryUuid) -> Next {
        self.reporter.debug(|| format!("Appending {}: continuing from {head}", self.entry.uuid));
        self.from = Some(head.clone());
        self.session.set_head(self.endpoint.url(), head);
        self.reporter.diagnostic(Diagnostic::PersistAdoptedServerUuid);
        Next::AtOnce
    }

    /// Searches the log after a conflict, for the entry itself and for the head to continue from.
    async fn search(&mut self, named: Option<EntryUuid>) -> Next {
        // Always the whole log: the entry may stand before its last compaction.
        let request = self.endpoint.search(&self.entry.timeouts);
        let scan = LogScan::new(self.entry.uuid.clone(), named.clone());
        match search_log(self.transport, request, scan, &self.reporter).await {
            Ok(LogScan { has_own: true, last: Some(last), .. }) => {
                self.recovered();
                self.stored(last, Proof::Seen)
            }
            Ok(LogScan { has_named, last: Some(last), .. }) if has_named || named.is_none() => {
                self.adopt(last)
            }
            Ok(LogScan { has_entries, .. }) if named.is_none() => self.no_head(has_entries),
            Ok(_) => {
                self.reporter
                    .debug(|| format!("The log does not show whether {} is stored", self.entry.uuid));
                self.unresolved(named)
            }
            Err(SearchError::BadToken) => {
                self.failed(Cause::Token, Some(401), None);
                self.unresolved(named);
                self.unauthorized().await
            }
            Err(SearchError::Failed) => {
                self.failed(Cause::Outage, None, None);
                self.unresolved(named)
            }
        }
    }

    /// The conflict names no head, and the log has none either.
    fn no_head(&mut self, has_entries: bool) -> Next {
        if self.puts == 0 {
            // There was no conflict yet: the PUT, which names no head, will tell.
            return Next::AtOnce;
        }
        let sent = self.from.as_ref().and_then(EntryUuid::header).is_some();
        if sent && !has_entries && self.conflicts.take_chance_without_head() {
            self.reporter.debug(|| format!("Appending {}: the log is gone, beginning anew", self.entry.uuid));
            self.session.forget_head(self.endpoint.url(), self.from.as_ref());
            self.from = None;
            return Next::AtOnce;
        }
        self.reporter.error(Error::NoHeadToAdopt);
        self.reporter.diagnostic(Diagnostic::PersistConcurrentModification);
        Next::GiveUp
    }

    /// The log does not show whether the entry is stored. An entry that may be stored is not sent before it does.
    fn unresolved(&mut self, named: Option<EntryUuid>) -> Next {
        let error = if self.ambiguous {
            self.unresolved = Some(Unresolved { named });
            Error::StillInDoubt
        } else {
            Error::LogNotRead
        };
        Next::After(Failed { asked: None, error: Some(error) })
    }
}
