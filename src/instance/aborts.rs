//! Operations that the host aborts: reads, and appends of which nothing was sent.

use std::rc::Rc;
use std::sync::Arc;

use napi::Env;
use session_ingress_core::report::ReporterExt;
use session_ingress_core::session::{PendingEntry, Session};

use super::Instance;
use crate::channel::{Message, OperationId, Outcome};
use crate::js::{Persistent, Value};
use crate::operations::{AbortableAppend, PendingRead, QueueOfEntry, is_aborted, reason};
use crate::rejection::Rejection;

impl Instance {
    /// Has `signal` abort an operation that is pending; where it has aborted already, the operation rejects with its
    /// reason.
    pub(crate) fn watch<'e>(
        self: &Rc<Self>,
        env: &'e Env,
        signal: Value<'e>,
        id: OperationId,
    ) -> Result<(), Rejection<'e>> {
        if is_aborted(env, signal)? {
            return Err(Rejection::Thrown(reason(env, signal)));
        }
        let weak = Rc::downgrade(self);
        self.signals.watch(env, signal, id, move |first| {
            let Some(instance) = weak.upgrade() else { return };
            for id in instance.signals.watchers(first) {
                instance.abort(id);
            }
        })
    }

    /// Lets `signal` abort an append that is pending.
    pub(crate) fn make_abortable(&self, env: &Env, id: OperationId, signal: Value<'_>) {
        let abortable = AbortableAppend::new(Persistent::new(env, signal));
        self.operations.with(id, |pending| pending.abortable = Some(Box::new(abortable)));
    }

    /// Calls `work` with an append that can be aborted.
    fn with_abortable<T>(&self, id: OperationId, work: impl FnOnce(&mut AbortableAppend) -> T) -> Option<T> {
        self.operations.with(id, |pending| pending.abortable.as_deref_mut().map(work)).flatten()
    }

    /// Notes that an append has joined another one.
    pub(crate) fn note_joined(&self, id: OperationId, first: OperationId) {
        self.with_abortable(id, |abortable| abortable.joined = Some(first));
    }

    /// Notes where the entry of an append waits.
    pub(crate) fn note_queue(&self, id: OperationId, queue: QueueOfEntry) {
        self.with_abortable(id, |abortable| abortable.queue = Some(queue));
    }

    /// Whether the host has aborted an append already, while it was asked for a value.
    pub(crate) fn is_append_aborted(&self, id: OperationId) -> bool {
        self.with_abortable(id, |abortable| abortable.aborted).unwrap_or(false)
    }

    /// Aborts a read, or an append: its entry is taken out where nothing was sent of it, and all calls that joined are
    /// aborted.
    pub(crate) fn abort(&self, id: OperationId) {
        if self.operations.with_read(id, PendingRead::abort).is_some() {
            return;
        }
        let Some(joined) = self.with_abortable(id, |abortable| {
            abortable.aborted = true;
            abortable.joined
        }) else {
            return;
        };
        let first = joined.unwrap_or(id);
        let Some((session, entry)) = self.operations.with(first, |pending| pending.entry.clone()).flatten()
        else {
            return;
        };
        let mut calls = session.joined(&entry);
        calls.insert(0, first);
        if !calls.iter().all(|call| self.is_append_aborted(*call))
            || !self.leave_queue(first, &session, &entry)
        {
            return;
        }
        self.reporter().debug(|| format!("Appending {} was aborted before it began", entry.uuid()));
        // Nothing joins it from here on.
        session.end(&entry);
        self.operations.with(first, |pending| pending.entry = None);
        for call in calls {
            self.with_abortable(call, |abortable| abortable.withdrawn = true);
            self.channel.send(Message::Settle(call, Outcome::Boolean(false)));
        }
    }

    /// Takes the entry of an append out of its queue; false where its turn has come.
    fn leave_queue(&self, first: OperationId, session: &Arc<Session>, entry: &PendingEntry) -> bool {
        match self.with_abortable(first, |abortable| abortable.queue.take()).flatten() {
            Some(QueueOfEntry::Session(place)) => place.leave(),
            Some(QueueOfEntry::Outbox(outbox)) => {
                session.id().is_some_and(|id| outbox.withdraw((session, id), entry))
            }
            None => false,
        }
    }
}
