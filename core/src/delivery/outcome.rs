//! What becomes of the entry at the front of a queue, and of those behind it, once it was sent.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::mistake::{Mistake, is_made};
use super::queue::{Deferral, Doubt, Means, Source};
use super::session::Delivery;
use super::{Breaker, full_jitter};
use crate::append::{Cause, Entry, Failure, Outcome, Proof};
use crate::http::Transport;
use crate::outbox::{Origin, Removal};
use crate::protocol::EntryUuid;
use crate::report::{About, Diagnostic, Error, ErrorReport, Reporter, ReporterExt, without_secrets};

/// Refusals in a row, and the time over which they came, that make a dead letter of an entry.
const REFUSALS: u32 = 10;
const REFUSED_FOR: Duration = Duration::from_secs(40);
/// An outage that others do not have, met so often, is one of the session.
const STRIKES: u32 = 2;

/// The entry at the front of a queue, ready to be sent.
pub(super) struct Front<T, R> {
    pub(super) seq: u64,
    pub(super) source: Arc<Source>,
    pub(super) entry: Entry,
    pub(super) means: Means<T, R>,
}

/// How a worker goes on.
pub(super) enum Step {
    Again,
    End,
}

impl<T: Transport + Clone, R: Reporter + Clone + 'static> Delivery<T, R> {
    /// `is_try`: a failure is one more of the server.
    pub(super) async fn take_outcome(
        self: &Arc<Self>,
        front: &Front<T, R>,
        outcome: Outcome,
        (breaker, is_try): (&Arc<Breaker>, bool),
        begun: Instant,
    ) -> Step {
        match outcome {
            Outcome::Stored(proof) => {
                breaker.succeeded();
                self.stored(front, proof);
            }
            Outcome::Failed(failure) if self.is_dead(front, failure, begun) => {
                self.bury(front, failure, breaker).await;
            }
            Outcome::Failed(failure) => {
                let cause = self.cause(failure, breaker);
                if cause == Cause::Outage && is_try {
                    breaker.failed(failure.asked, self.shared.outbox.options().max_delay);
                }
                self.defer(cause, Some(front), breaker, &front.means);
            }
        }
        if self.shared.has_ended() { Step::End } else { Step::Again }
    }

    pub(super) fn stored(&self, front: &Front<T, R>, proof: Proof) {
        let uuid = &front.entry.uuid;
        if let Ok(mut doubt) = front.source.doubt.lock()
            && doubt.is_some()
        {
            *doubt = match proof {
                Proof::Put => None,
                Proof::Seen if is_made(Mistake::DoubtEndsWhenSeen) => None,
                // Its last owner's request for the next one may be on its way still.
                Proof::Seen => Some(Doubt { head: Some(uuid.clone()) }),
            };
        }
        if let Some(spool) = &front.source.spool {
            let url = front.entry.endpoint.url();
            // Its own uuid, and never the head of the log, which may stand behind the next entry of the file.
            let kept = if is_made(Mistake::KeepsHeadOfLog) { self.session.head(url) } else { None };
            match kept {
                Some(head) => spool.delivered(front.seq, head.as_bytes()),
                None => spool.delivered(front.seq, uuid.as_bytes()),
            }
        }
        self.queue().last_was_dead = false;
        self.pop(front.seq, &front.source, true);
    }

    /// Takes the front out, settles its promise, and ends a deferral of which nothing is left.
    pub(super) fn pop(&self, seq: u64, source: &Arc<Source>, is_stored: bool) {
        let mut queue = self.queue();
        (queue.refusals, queue.refused_since) = (0, None);
        let Some(at) = queue.entries.iter().take(1).position(|entry| entry.is(seq, source)) else { return };
        let Some(entry) = queue.remove(at) else { return };
        let has_more = queue.entries.iter().any(|entry| Arc::ptr_eq(&entry.source, source));
        let was_deferred = entry.was_deferred || entry.call.is_none();
        if was_deferred && is_stored {
            queue.recovered += 1;
            queue.all_recovered += 1;
            self.shared.figures.recovered.fetch_add(1, Ordering::Relaxed);
        }
        let mut recovered = 0;
        if queue.deferred == 0 {
            recovered = std::mem::take(&mut queue.recovered);
            queue.deferral = None;
        }
        let reporter = queue.means.as_ref().map(|means| means.reporter.clone());
        self.count(&queue);
        drop(queue);
        if source.is_adopted
            && !has_more
            && let Some(spool) = &source.spool
        {
            spool.end();
        }
        if let Some(call) = entry.call {
            (call.settle)(is_stored);
        }
        if recovered > 0
            && let Some(reporter) = reporter
        {
            reporter.diagnostic(Diagnostic::OutboxRecovered { entries: recovered as usize });
        }
        self.progressed.notify_waiters();
    }

    /// Whether the server refuses the entry at the front for what it is.
    pub(super) fn is_dead(&self, front: &Front<T, R>, failure: Failure, begun: Instant) -> bool {
        let mut queue = self.queue();
        if failure.cause != Cause::Entry {
            (queue.refusals, queue.refused_since) = (0, None);
            return false;
        }
        let now = self.now();
        let since = *queue.refused_since.get_or_insert(begun);
        queue.refusals += failure.refusals;
        let is_dead = queue.refusals >= REFUSALS && now - since >= REFUSED_FOR && !queue.last_was_dead;
        is_dead && front.source.spool.is_some()
    }

    /// Moves the entry at the front to the dead letters; where that fails, it is tried again like others.
    pub(super) async fn bury(&self, front: &Front<T, R>, failure: Failure, breaker: &Breaker) {
        let status = failure.status.unwrap_or(0);
        let Front { entry, means, source, seq } = front;
        let url = without_secrets(entry.endpoint.url());
        let origin = Origin { session_id: self.session_id.to_string(), url, created: 0 };
        let (uuid, body) = (entry.uuid.as_bytes().to_vec(), entry.body.clone());
        if self.shared.outbox.bury(origin, uuid, body).await.is_err() {
            self.defer(Cause::Session, Some(front), breaker, means);
            return;
        }
        // It stands in one of the two files at any time.
        if let Some(spool) = &source.spool {
            spool.removed(*seq, Removal::DeadLetter);
        }
        means.reporter.diagnostic(Diagnostic::OutboxDeadLetter { status });
        let error = Error::DeadLetter { status, uuid: entry.uuid.to_string() };
        means.reporter.error(ErrorReport { error, about: self.about(&entry.uuid, means) });
        self.queue().last_was_dead = true;
        self.pop(*seq, source, false);
    }

    pub(super) fn about(&self, uuid: &EntryUuid, means: &Means<T, R>) -> About {
        let session_id = Some(Arc::clone(&self.session_id));
        About::new(session_id, Some(uuid.to_string()), means.endpoint.url())
    }

    /// What has to change: an outage that others do not have is one of the session.
    pub(super) fn cause(&self, failure: Failure, breaker: &Breaker) -> Cause {
        match failure.cause {
            Cause::Entry => Cause::Session,
            Cause::Outage => {
                let deferral = self.queue().deferral;
                let is_own = deferral.is_some_and(|deferral| {
                    deferral.strikes + u32::from(breaker.successes() > deferral.successes) >= STRIKES
                });
                if is_own { Cause::Session } else { Cause::Outage }
            }
            cause => cause,
        }
    }

    /// Defers all that is in the queue, and settles its promises.
    pub(super) fn defer(
        &self,
        cause: Cause,
        tried: Option<&Front<T, R>>,
        breaker: &Breaker,
        means: &Means<T, R>,
    ) {
        let mut queue = self.queue();
        let old = queue.deferral;
        let failures = old.map_or(0, |old| old.failures) + 1;
        let wait = match cause {
            Cause::Outage if tried.is_none() => Duration::ZERO,
            Cause::Outage => {
                full_jitter(failures, self.shared.outbox.options().max_delay, self.shared.random)
            }
            Cause::Token => Duration::ZERO,
            Cause::Session | Cause::Entry => self.session_wait(failures),
        };
        let successes = breaker.successes();
        let strikes = old.map_or(0, |old| old.strikes + u32::from(successes > old.successes));
        queue.deferral = Some(Deferral { cause, failures, due: self.now() + wait, successes, strikes });
        // Together with what it settles: an append that comes now waits for no try that has ended.
        queue.is_draining = false;
        queue.failed_tries += 1;
        let mut settled = Vec::new();
        let mut given_up = Vec::new();
        for at in 0..queue.entries.len() {
            if let Some(call) = queue.take_call(at) {
                let entry = &queue.entries[at];
                settled.push((call, entry.seq, Arc::clone(&entry.source)));
                if entry.source.spool.is_none() {
                    given_up.push(entry.seq);
                }
            }
        }
        // What the outbox had no room for is given up, as without one.
        for seq in &given_up {
            let at = queue.entries.iter().position(|entry| entry.seq == *seq && entry.source.spool.is_none());
            at.and_then(|at| queue.remove(at));
        }
        if queue.deferred == 0 {
            queue.deferral = None;
        }
        queue.spill();
        let entries = queue.deferred as usize;
        self.count(&queue);
        drop(queue);
        if !given_up.is_empty() {
            means.reporter.diagnostic(Diagnostic::OutboxFull);
        }
        if old.is_none() && entries > 0 {
            means.reporter.diagnostic(Diagnostic::OutboxDeferred { entries });
        } else {
            means.reporter.debug(|| format!("{entries} entries of {} stay deferred", self.session_id));
        }
        for (call, seq, source) in settled {
            self.settle_deferred(Some(call), seq, &source);
        }
        self.progressed.notify_waiters();
    }

    /// Gives the files of a session up that is none of this instance: the next look finds them.
    pub(super) fn let_go(&self) {
        let mut queue = self.queue();
        let mut sources = Vec::<Arc<Source>>::new();
        let mut joined = Vec::new();
        while let Some(mut entry) = queue.remove(0) {
            joined.extend(entry.call.take().map(|call| (call, entry.seq, Arc::clone(&entry.source))));
            if !sources.iter().any(|source| Arc::ptr_eq(source, &entry.source)) {
                sources.push(entry.source);
            }
        }
        queue.deferral = None;
        self.count(&queue);
        drop(queue);
        for (call, seq, source) in joined {
            self.settle_deferred(Some(call), seq, &source);
        }
        for spool in sources.iter().filter_map(|source| source.spool.as_ref()) {
            spool.end();
        }
    }
}
