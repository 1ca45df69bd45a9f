//! The end of the appends of an instance, and what became of them since it began.

use std::cell::RefCell;
use std::collections::HashSet;
use std::mem;
use std::sync::Arc;

use napi::Env;
use session_ingress_core::protocol::EntryUuid;
use session_ingress_core::report::Operation;

use super::Instance;
use crate::channel::{Message, OperationId, Outcome};
use crate::environment::Environment;
use crate::globals::Realm;
use crate::js::{self, Persistent, Value};

/// An entry of a session.
pub(super) type EntryOf = (Arc<str>, EntryUuid);

/// What has become of the appends since a shutdown began.
struct Ended {
    id: OperationId,
    /// Appends that were stored.
    stored: u64,
    /// Entries that are not known to be stored.
    failed: Vec<EntryOf>,
}

/// The shutdown of an instance, where it has begun.
#[derive(Default)]
pub(crate) struct Shutdown(RefCell<Option<Begun>>);

struct Begun {
    id: OperationId,
    promise: Option<Persistent>,
    /// Appends that had been stored before.
    appended_before: u64,
    /// In the order in which their promises settled.
    failed: Vec<EntryOf>,
}

impl Shutdown {
    fn begin(&self, id: OperationId, appended_before: u64) {
        self.0.replace(Some(Begun { id, promise: None, appended_before, failed: Vec::new() }));
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Keeps the promise for later calls.
    pub(crate) fn keep_promise(&self, env: &Env, promise: Value<'_>) {
        if let Some(begun) = &mut *self.0.borrow_mut() {
            begun.promise = Some(Persistent::new(env, promise));
        }
    }

    /// The promise of the first call.
    pub(crate) fn promise<'e>(&self, env: &'e Env) -> Option<Value<'e>> {
        self.0.borrow().as_ref()?.promise.as_ref().map(|promise| promise.get(env))
    }

    /// Notes an entry whose append has failed.
    pub(crate) fn note_failed(&self, session_id: Option<&Arc<str>>, uuid: &EntryUuid) {
        if let (Some(begun), Some(session_id)) = (&mut *self.0.borrow_mut(), session_id) {
            begun.failed.push((Arc::clone(session_id), uuid.clone()));
        }
    }

    /// What has become of the appends, of which `appended` have been stored at any time.
    fn finish(&self, appended: u64) -> Option<Ended> {
        let mut begun = self.0.borrow_mut();
        let begun = begun.as_mut()?;
        let stored = appended.saturating_sub(begun.appended_before);
        Some(Ended { id: begun.id, stored, failed: mem::take(&mut begun.failed) })
    }

    /// Lets the instance append again; whether it had shut down.
    pub(crate) fn undo(&self) -> bool {
        self.0.replace(None).is_some()
    }
}

impl Instance {
    /// Takes no more appends; the operation `id` is that of the shutdown.
    pub(crate) fn begin_shutdown(&self, id: OperationId) {
        let appended = self.sessions.borrow().all().stats(None).appended;
        self.shutdown.begin(id, appended);
    }

    /// Ends a call of `flush`, or the wait of a shutdown.
    pub(crate) fn end_flush(&self, env: &Env, id: OperationId, is_done: bool) {
        if self.operations.with(id, |pending| pending.operation) == Some(Operation::Shutdown) {
            self.end_appends(env);
        } else {
            self.settle(env, id, &Outcome::Boolean(is_done));
        }
    }

    /// Has the outboxes keep what is left, and then gives up the rest.
    fn end_appends(&self, env: &Env) {
        let outboxes = self.outboxes.list();
        let channel = self.channel.clone();
        match Environment::runtime() {
            Ok(runtime) if !outboxes.is_empty() => {
                runtime.spawn(async move {
                    let mut kept = Vec::new();
                    for outbox in outboxes {
                        kept.extend(outbox.shut_down().await);
                    }
                    channel.send(Message::Kept(kept));
                });
            }
            _ => self.finish_shutdown(env, Vec::new()),
        }
    }

    /// Gives up the appends that are left: their promises resolve `false`, and then that of the shutdown resolves.
    pub(crate) fn finish_shutdown(&self, env: &Env, kept: Vec<EntryOf>) {
        self.sessions.borrow().give_up();
        for id in self.operations.appends() {
            self.settle(env, id, &Outcome::Boolean(false));
        }
        let appended = self.sessions.borrow().all().stats(None).appended;
        let Some(Ended { id, stored, failed }) = self.shutdown.finish(appended) else { return };
        let kept: HashSet<_> = kept.into_iter().collect();
        let realm = self.realm(env);
        let result = realm.object();
        js::set(env, result, "stored", js::number(env, stored as f64));
        let lost = failed.iter().filter(|entry| !kept.contains(entry));
        js::set(env, result, "lost", realm.list(lost.map(|entry| entry_object(realm, entry))));
        if let Some(pending) = self.remove(env, id) {
            pending.deferred.resolve(env, result);
        }
        // Calls of `flush` have to learn of it.
        self.deliver_later(env);
    }
}

fn entry_object<'e>(realm: Realm<'e>, (session_id, uuid): &EntryOf) -> Value<'e> {
    let (env, entry) = (realm.env, realm.object());
    js::set(env, entry, "sessionId", js::string(env, session_id));
    js::set(env, entry, "uuid", js::string(env, &uuid.to_string()));
    entry
}
