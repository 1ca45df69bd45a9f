//! The delivery of one session: its calls come in here, and its worker takes them out.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use tokio::sync::{Notify, OnceCell};
use tokio::time::{Instant, timeout_at};

use super::breakers::breaker_of;
use super::queue::{Body, Call, Deferral, Means, Queue, Queued, Source};
use super::shared::Shared;
use super::{Breaker, Settle};
use crate::append::Cause;
use crate::http::Transport;
use crate::outbox::Removal;
use crate::protocol::EntryUuid;
use crate::report::{Diagnostic, Reporter, ReporterExt};
use crate::session::Session;
use crate::sync::{Mutex, MutexGuard};
use crate::test_hooks::panic_point;

/// The entries of one session of an instance, in the order of the calls.
pub(super) struct Delivery<T, R> {
    pub(super) id: u64,
    pub(super) shared: Arc<Shared<T, R>>,
    pub(super) session: Arc<Session>,
    pub(super) session_id: Arc<str>,
    queue: Mutex<Queue<T, R>>,
    /// Signals what the worker may wait for.
    pub(super) changed: Notify,
    /// Signals progress, to reads that wait.
    pub(super) progressed: Notify,
    /// Set once orphans of the session were looked for.
    pub(super) looked: OnceCell<()>,
    /// It is of no session of this instance: it is let go of where a try fails.
    pub(super) is_foreign: bool,
}

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

impl<T: Transport + Clone, R: Reporter + Clone + 'static> Delivery<T, R> {
    pub(super) fn new(
        shared: Arc<Shared<T, R>>,
        session: Arc<Session>,
        session_id: &str,
        is_foreign: bool,
    ) -> Arc<Self> {
        Arc::new(Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            shared,
            session,
            session_id: session_id.into(),
            queue: Mutex::default(),
            changed: Notify::new(),
            progressed: Notify::new(),
            looked: OnceCell::new(),
            is_foreign,
        })
    }

    pub(super) fn queue(&self) -> MutexGuard<'_, Queue<T, R>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn breaker(means: &Means<T, R>) -> Arc<Breaker> {
        breaker_of(means.endpoint.url())
    }

    /// Takes an entry. Its order is decided when this returns, and it is on its way to the disk.
    pub(super) fn append(self: &Arc<Self>, uuid: EntryUuid, body: Bytes, means: Means<T, R>, settle: Settle) {
        self.append_to(self.queue(), (uuid, body), means, settle);
    }

    fn append_to(
        self: &Arc<Self>,
        mut queue: MutexGuard<'_, Queue<T, R>>,
        (uuid, body): (EntryUuid, Bytes),
        means: Means<T, R>,
        settle: Settle,
    ) {
        self.use_means(&mut queue, &means);
        if !means.has_token && queue.deferral.is_none() {
            queue.deferral = Some(Deferral {
                cause: Cause::Token,
                failures: 1,
                due: self.now(),
                successes: 0,
                strikes: 0,
            });
        }
        let has_token = means.has_token;
        let call = Call { means, settle };
        let known = queue.position(&uuid).filter(|at| queue.entries[*at].call.is_none());
        let at = if let Some(at) = known {
            queue.give_call(at, call);
            at
        } else {
            let Some(entry) = self.keep(&mut queue, uuid, body, call) else { return };
            queue.push(entry);
            queue.entries.len() - 1
        };
        if queue.deferral.is_some() && (!has_token || !self.is_granted(&mut queue)) {
            let call = queue.take_call(at);
            queue.spill_grown();
            let (seq, source) = (queue.entries[at].seq, Arc::clone(&queue.entries[at].source));
            self.count(&queue);
            drop(queue);
            self.settle_deferred(call, seq, &source);
            return;
        }
        self.count(&queue);
        self.start(&mut queue);
        drop(queue);
        self.changed.notify_one();
    }

    /// Joins an append to the same entry for the same URL where that is pending here; while the first call has not
    /// settled, only where the bytes are equal. Gives `settle` back where there is none.
    pub(super) fn join(
        self: &Arc<Self>,
        (uuid, body): (&EntryUuid, &Bytes),
        means: &Means<T, R>,
        settle: Settle,
    ) -> Option<Settle> {
        let mut queue = self.queue();
        let Some(at) = queue.position(uuid) else { return Some(settle) };
        let Queue { entries, means: latest, .. } = &mut *queue;
        let Queued { call, body: pending, .. } = &mut entries[at];
        let Some(endpoint) = call.as_ref().map(|call| &call.means).or(latest.as_ref()) else {
            return Some(settle);
        };
        if !endpoint.endpoint.is_same_log(&means.endpoint) {
            return Some(settle);
        }
        match (call, pending) {
            (Some(call), Body::Memory(pending)) if *pending == *body => {
                let first = std::mem::replace(&mut call.settle, Box::new(|_| {}));
                call.settle = Box::new(move |stored| {
                    first(stored);
                    settle(stored);
                });
            }
            (Some(_), _) => return Some(settle),
            (None, _) => self.append_to(queue, (uuid.clone(), body.clone()), means.clone(), settle),
        }
        None
    }

    /// The latest URL and token serve all that is deferred. A new token asks for a try.
    pub(super) fn use_means(&self, queue: &mut Queue<T, R>, means: &Means<T, R>) {
        if let Some(old) = &queue.means {
            if !means.has_token {
                return;
            }
            let is_new = !old.has_token || old.endpoint.authorization() != means.endpoint.authorization();
            queue.is_urgent |=
                is_new && queue.deferral.is_some_and(|deferral| deferral.cause != Cause::Outage);
            if !old.endpoint.is_same_log(&means.endpoint)
                && let Some(Source { spool: Some(spool), .. }) = queue.own.as_deref()
            {
                spool.moved(means.endpoint.url().as_str());
            }
        }
        queue.means = Some(means.clone());
    }

    /// Has the outbox keep an entry; `None` where it was refused, and has settled.
    fn keep(
        &self,
        queue: &mut Queue<T, R>,
        uuid: EntryUuid,
        body: Bytes,
        call: Call<T, R>,
    ) -> Option<Queued<T, R>> {
        let outbox = &self.shared.outbox;
        queue.last_seq += 1;
        let seq = queue.last_seq;
        let has_room = outbox.has_room(body.len(), queue.was_refused);
        queue.was_refused = !has_room;
        if !has_room && queue.deferral.is_some() {
            call.means.reporter.diagnostic(Diagnostic::OutboxFull);
            (call.settle)(false);
            return None;
        }
        let url = call.means.endpoint.url();
        let own = queue.own.get_or_insert_with(|| {
            let spool = outbox.spool(&self.session_id, url.as_str());
            Arc::new(Source { spool: Some(spool), doubt: Mutex::default(), is_adopted: false })
        });
        let mut source = Arc::clone(own);
        let from = self.session.head(url);
        let from = from.as_ref().map_or(&b""[..], EntryUuid::as_bytes);
        let kept = has_room
            && source.spool.as_ref().is_some_and(|spool| spool.append(seq, from, uuid.as_bytes(), &body));
        if !kept {
            source = Arc::new(Source { spool: None, doubt: Mutex::default(), is_adopted: false });
        }
        let bytes = u32::try_from(body.len()).unwrap_or(u32::MAX);
        Some(Queued {
            seq,
            uuid,
            bytes,
            body: Body::Memory(body),
            source,
            call: Some(Box::new(call)),
            was_deferred: false,
            has_begun: false,
        })
    }

    /// Whether an append to a deferred session may wait for a try, which it then asks for.
    fn is_granted(&self, queue: &mut Queue<T, R>) -> bool {
        let Some(means) = &queue.means else { return false };
        if !means.has_token {
            return false;
        }
        let breaker = Self::breaker(means);
        if queue.is_draining {
            return true;
        }
        let granted = queue.is_urgent || breaker.take_token();
        queue.is_urgent |= granted;
        granted
    }

    /// Settles the promise of an entry that is kept: by the host's choice, as soon as it is safe.
    pub(super) fn settle_deferred(&self, call: Option<Box<Call<T, R>>>, seq: u64, source: &Arc<Source>) {
        let Some(call) = call else { return };
        match &source.spool {
            Some(spool) if self.shared.outbox.options().settle_durable => {
                let spool = Arc::clone(spool);
                self.shared.runtime.spawn(async move {
                    let is_safe = spool.synced(seq).await;
                    (call.settle)(is_safe);
                });
            }
            _ => (call.settle)(false),
        }
    }

    /// Starts the worker where it has ended.
    pub(super) fn start(self: &Arc<Self>, queue: &mut Queue<T, R>) {
        if !std::mem::replace(&mut queue.is_working, true) {
            let this = Arc::clone(self);
            self.shared.runtime.spawn(this.work());
        }
    }

    /// Notes how much is deferred, for the figures of the instance.
    pub(super) fn count(&self, queue: &Queue<T, R>) {
        self.shared.count(self.id, queue.deferred, queue.deferred_bytes);
    }

    /// Takes out an entry whose call has not settled; false where its turn has come, or it was deferred.
    pub(super) fn withdraw(&self, uuid: &EntryUuid, body: &Bytes) -> bool {
        let mut queue = self.queue();
        let at = queue.entries.iter().position(|entry| {
            let is_body = matches!(&entry.body, Body::Memory(pending) if pending == body);
            is_body && entry.uuid == *uuid && entry.call.is_some() && !entry.was_deferred && !entry.has_begun
        });
        let Some(Queued { seq, source, call, .. }) = at.and_then(|at| queue.remove(at)) else { return false };
        self.count(&queue);
        drop(queue);
        if let Some(spool) = &source.spool {
            spool.removed(seq, Removal::Discarded);
        }
        if let Some(call) = call {
            (call.settle)(false);
        }
        self.changed.notify_one();
        self.progressed.notify_waiters();
        true
    }

    /// Gives up all entries: how many they were. One whose request is under way may be stored.
    pub(super) fn discard(&self) -> usize {
        let mut queue = self.queue();
        let mut discarded = Vec::new();
        while !queue.entries.is_empty() {
            discarded.extend(queue.remove(0));
        }
        queue.deferral = None;
        self.count(&queue);
        drop(queue);
        let entries = discarded.len();
        for Queued { seq, source, call, .. } in discarded {
            if let Some(spool) = &source.spool {
                spool.removed(seq, Removal::Discarded);
                if source.is_adopted {
                    spool.end();
                }
            }
            if let Some(call) = call {
                (call.settle)(false);
            }
        }
        self.changed.notify_one();
        self.progressed.notify_waiters();
        entries
    }

    /// Defers all entries, once they are synced or `until` has come: gives those that are on the disk.
    pub(super) async fn keep_all(&self, until: Instant) -> Vec<(Arc<str>, EntryUuid)> {
        let mut entries = Vec::new();
        {
            let mut queue = self.queue();
            for at in 0..queue.entries.len() {
                let call = queue.take_call(at);
                let Queued { seq, uuid, source, .. } = &queue.entries[at];
                entries.push((*seq, uuid.clone(), Arc::clone(source), call));
            }
            self.count(&queue);
        }
        panic_point!("keep");
        let mut kept = Vec::new();
        for (seq, uuid, source, call) in entries {
            let is_kept = match &source.spool {
                Some(spool) => timeout_at(until, spool.synced(seq)).await.unwrap_or(false),
                None => false,
            };
            if let Some(call) = call {
                (call.settle)(is_kept && self.shared.outbox.options().settle_durable);
            }
            if is_kept {
                kept.push((Arc::clone(&self.session_id), uuid));
            }
        }
        kept
    }

    /// Gives up the files: another owner can go on.
    pub(super) fn close(&self) {
        let mut queue = self.queue();
        let own = queue.own.take();
        let sources = queue.entries.iter().map(|entry| Arc::clone(&entry.source)).chain(own);
        let spools: Vec<_> = sources.filter_map(|source| source.spool.clone()).collect();
        drop(queue);
        spools.iter().for_each(|spool| spool.end());
    }

    /// Asks for a try, for a read that waits; false where nothing is pending.
    pub(super) fn ask_for_try(self: &Arc<Self>) -> bool {
        let mut queue = self.queue();
        if queue.entries.is_empty() {
            return false;
        }
        if queue.deferral.is_some() {
            self.is_granted(&mut queue);
        }
        self.start(&mut queue);
        drop(queue);
        self.changed.notify_one();
        true
    }

    /// The wait of a session after a failure of its own.
    pub(super) fn session_wait(&self, failures: u32) -> std::time::Duration {
        let minute = std::time::Duration::from_secs(60);
        let longest = minute.saturating_mul(1 << failures.saturating_sub(1).min(6)).min(minute * 60);
        longest.mul_f64(0.5 + (self.shared.random)() / 2.0)
    }

    pub(super) fn now(&self) -> Instant {
        Instant::now()
    }
}
