//! The worker of a session: one entry after the other, round by round and try by try.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::time::{sleep, timeout, timeout_at};

use super::mistake::{Mistake, is_made};
use super::outcome::{Front, Step};
use super::queue::{Body, Deferral, Means};
use super::quiet::Quiet;
use super::session::Delivery;
use super::{Breaker, Grant, Turn};
use crate::append::{Cause, Entry, Failure, Interruption, Outcome, attempt};
use crate::http::Transport;
use crate::panic::catch_panic_async;
use crate::report::{Error, ErrorReport, Operation, Reporter, ReporterExt};

/// For so long the first request of a session waits for the look at the folder, which only a hung disk takes.
const LONGEST_LOOK: Duration = Duration::from_secs(10);
/// Between two questions for a token.
const BETWEEN_TOKENS: Duration = Duration::from_secs(60);

/// How an entry is sent.
#[derive(Clone, Copy, PartialEq)]
enum Sending {
    /// By all attempts of an append, which reports as ever.
    Round,
    /// By one, which writes debug lines only: an hour's outage must not be a thousand errors.
    Try,
}

impl<T: Transport + Clone, R: Reporter + Clone + 'static> Delivery<T, R> {
    /// Sends what is in the queue, until nothing is left.
    pub(super) async fn work(self: Arc<Self>) {
        self.look_once().await;
        loop {
            let step = async {
                match self.deferral() {
                    None => self.round().await,
                    Some(deferral) => self.wait_and_try(deferral).await,
                }
            };
            let step = match catch_panic_async(step).await {
                Ok(step) => step,
                Err(panic) => self.survive(panic),
            };
            if matches!(step, Step::End) && self.ends() {
                return;
            }
        }
    }

    /// Reports a panic, and goes on later: what is in the queue is kept.
    fn survive(&self, panic: String) -> Step {
        let Some(means) = self.queue().means.clone() else { return Step::End };
        means.reporter.error(Error::Panicked(Operation::Append, panic));
        let breaker = Self::breaker(&means);
        breaker.leave(self.id);
        self.queue().is_draining = false;
        self.defer(Cause::Session, None, &breaker, &means);
        Step::Again
    }

    /// Looks for what earlier owners of the session left, before anything of its own is sent.
    pub(super) async fn look_once(self: &Arc<Self>) {
        if self.is_foreign {
            return;
        }
        // Whoever comes while another one looks waits for the same look. A later one finds what this one missed.
        let look = || async {
            let look = catch_panic_async(self.look_for_orphans());
            if let Ok(Err(panic)) = timeout(LONGEST_LOOK, look).await {
                self.shared.report_panic(Operation::Outbox, panic);
            }
        };
        self.looked.get_or_init(look).await;
    }

    fn deferral(&self) -> Option<Deferral> {
        self.queue().deferral
    }

    /// Ends the worker where the queue is empty, or the instance has ended.
    fn ends(&self) -> bool {
        let mut queue = self.queue();
        let ends = queue.entries.is_empty() || self.shared.has_ended();
        queue.is_working = !ends;
        if ends {
            queue.has_sent = false;
        }
        drop(queue);
        if ends {
            self.progressed.notify_waiters();
            if self.shared.has_ended() {
                self.close();
            }
        }
        ends
    }

    /// The first round of the entry at the front: all its attempts, unless the server is known to be out of reach.
    async fn round(self: &Arc<Self>) -> Step {
        let Some(front) = self.front().await else { return Step::End };
        let (breaker, begun) = (Self::breaker(&front.means), self.now());
        if !breaker.is_open() {
            let interruption = Interruption::new(breaker.opens());
            let outcome = self.send(&front, Sending::Round, interruption).await;
            // Where another session has found the outage out meanwhile, it is none more.
            let is_new = !breaker.is_open();
            return self.take_outcome(&front, outcome, (&breaker, is_new), begun).await;
        }
        if breaker.take_token() {
            let outcome = self.send(&front, Sending::Try, Interruption::default()).await;
            return self.take_outcome(&front, outcome, (&breaker, true), begun).await;
        }
        self.defer(Cause::Outage, None, &breaker, &front.means);
        Step::Again
    }

    /// Waits until the session may make a try, and makes it.
    async fn wait_and_try(self: &Arc<Self>, deferral: Deferral) -> Step {
        let Some(means) = self.queue().means.clone() else { return Step::End };
        let breaker = Self::breaker(&means);
        let Some(turn) = self.turn(deferral, &breaker).await else {
            breaker.leave(self.id);
            return Step::End;
        };
        if let Turn::Drain(wait) = turn {
            sleep(wait).await;
        }
        self.queue().is_draining = true;
        self.drain(&breaker).await;
        self.queue().is_draining = false;
        breaker.leave(self.id);
        if self.is_foreign && self.deferral().is_some() {
            self.let_go();
            return Step::End;
        }
        Step::Again
    }

    /// Makes one try after the other as long as they succeed.
    async fn drain(self: &Arc<Self>, breaker: &Arc<Breaker>) {
        while self.deferral().is_some() && !self.shared.has_ended() {
            let Some(mut front) = self.front().await else { return };
            let begun = self.now();
            let mut outcome = self.send(&front, Sending::Try, Interruption::default()).await;
            if let Outcome::Failed(Failure { cause: Cause::Token, .. }) = outcome
                && self.renew_token(&mut front).await
            {
                outcome = self.send(&front, Sending::Try, Interruption::default()).await;
            }
            self.take_outcome(&front, outcome, (breaker, true), begun).await;
            if !outcome.is_stored() {
                return;
            }
            breaker.drains(self.id);
        }
    }

    /// When the session may make a try; `None` where nothing is left, or the instance has ended.
    async fn turn(self: &Arc<Self>, deferral: Deferral, breaker: &Arc<Breaker>) -> Option<Turn> {
        let mut due = deferral.due;
        loop {
            let mut changes = breaker.changes();
            changes.borrow_and_update();
            let changed = self.changed.notified();
            let mut changed = pin!(changed);
            changed.as_mut().enable();
            let is_urgent = {
                let queue = self.queue();
                if queue.entries.is_empty() || self.shared.has_ended() {
                    return None;
                }
                queue.is_urgent
            };
            let mut until = due;
            if is_urgent || due <= self.now() {
                let turn = match deferral.cause {
                    Cause::Outage => {
                        // Not before: one that waits by itself must not stand before others.
                        breaker.wait(self.id);
                        breaker.turn(self.id, is_urgent)
                    }
                    Cause::Token if !is_urgent => {
                        due = self.now() + BETWEEN_TOKENS;
                        self.ask_for_token().await;
                        Turn::Wait(None)
                    }
                    Cause::Token | Cause::Session | Cause::Entry => Turn::Drain(Duration::ZERO),
                };
                match turn {
                    // With another token it is urgent now.
                    Turn::Wait(_) if deferral.cause == Cause::Token => continue,
                    Turn::Wait(at) => until = at.unwrap_or_else(|| self.now() + BETWEEN_TOKENS),
                    Turn::Drain(_) if deferral.cause != Cause::Outage => {
                        self.queue().is_urgent = false;
                        // It takes no place of those that drain.
                        return Some(Turn::Wait(None));
                    }
                    turn => {
                        self.queue().is_urgent = false;
                        return Some(turn);
                    }
                }
            }
            let changes = pin!(changes.changed());
            if let Ok(Either::Left(_)) = timeout_at(until, select(changes, changed)).await {
                // A sender lives as long as `breaker` does.
            }
        }
    }

    /// Has the host give a token for what is deferred for want of one.
    async fn ask_for_token(&self) -> bool {
        let Some(means) = self.queue().means.clone() else { return false };
        let url = means.endpoint.url();
        let Some(granted) = (self.shared.ask_for_token)(&self.session_id, url.as_str()) else { return false };
        let Ok(Some(Grant { token, transport, retry, timeouts })) = granted.await else { return false };
        let Ok(endpoint) = means.endpoint.with_token(&token) else { return false };
        let is_new = endpoint != *means.endpoint;
        let mut queue = self.queue();
        queue.means = Some(Means {
            has_token: true,
            transport,
            retry,
            timeouts,
            endpoint: Arc::new(endpoint),
            reporter: means.reporter,
        });
        queue.is_urgent |= is_new;
        is_new
    }

    /// Asks for a token in the place of one that was refused, as within a round.
    async fn renew_token(&self, front: &mut Front<T, R>) -> bool {
        if self.is_foreign {
            return false;
        }
        let refused = front.entry.endpoint.authorization();
        let token = self.session.renewals().renew(refused, &front.means.reporter).await;
        let renewed = token.and_then(|token| front.entry.endpoint.with_token(&token).ok());
        let Some(endpoint) = renewed.filter(|endpoint| *endpoint != *front.entry.endpoint) else {
            return false;
        };
        let endpoint = Arc::new(endpoint);
        front.entry.endpoint = Arc::clone(&endpoint);
        if let Some(means) = &mut self.queue().means {
            means.endpoint = endpoint;
        }
        true
    }

    /// The entry at the front with its text; what cannot be read any more is passed over.
    async fn front(self: &Arc<Self>) -> Option<Front<T, R>> {
        loop {
            let (seq, source, uuid, body, means) = {
                let mut queue = self.queue();
                let means = queue.means.clone();
                let entry = queue.entries.front_mut()?;
                entry.has_begun = true;
                let own = entry.call.as_ref().map(|call| call.means.clone());
                let body = if let Body::Memory(body) = &entry.body { Some(body.clone()) } else { None };
                let front = (entry.seq, Arc::clone(&entry.source), entry.uuid.clone(), body, own.or(means)?);
                queue.has_sent = true;
                front
            };
            let body = match (body, &source.spool) {
                (Some(body), _) => Ok(body),
                (None, Some(spool)) => spool.body(seq).await,
                (None, None) => Err(std::io::ErrorKind::NotFound.into()),
            };
            match body {
                Ok(body) => {
                    let Means { endpoint, retry, timeouts, .. } = means.clone();
                    let random = self.shared.random;
                    let entry = Entry { uuid, body, endpoint, retry, timeouts, random };
                    return Some(Front { seq, source, entry, means });
                }
                Err(error) => {
                    let about = self.about(&uuid, &means);
                    means
                        .reporter
                        .error(ErrorReport { error: Error::OutboxUnreadable(error.to_string()), about });
                    self.pop(seq, &source, false);
                }
            }
        }
    }

    async fn send(&self, front: &Front<T, R>, sending: Sending, interruption: Interruption) -> Outcome {
        let Front { entry, source, means, .. } = front;
        let mut retry = entry.retry;
        if sending == Sending::Try {
            retry.max_attempts = 1;
        }
        let quiet = Quiet(means.reporter.clone());
        let reporter: &dyn Reporter = if sending == Sending::Try { &quiet } else { &means.reporter };
        let (uuid, body, endpoint) = (entry.uuid.clone(), entry.body.clone(), Arc::clone(&entry.endpoint));
        let entry = Entry { uuid, body, endpoint, retry, ..*entry };
        let doubt = source.doubt.lock().ok().and_then(|doubt| doubt.clone());
        let doubt = doubt.map(|doubt| doubt.head).filter(|_| !is_made(Mistake::NoDoubt));
        let sent = attempt(&means.transport, &self.session, &entry, reporter, (doubt, interruption));
        match catch_panic_async(sent).await {
            Ok(outcome) => outcome,
            Err(panic) => {
                means.reporter.error(Error::Panicked(Operation::Append, panic));
                Outcome::Failed(Failure { cause: Cause::Session, status: None, asked: None, refusals: 0 })
            }
        }
    }
}
