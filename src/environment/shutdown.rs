//! The end of the appends of an instance.

use std::collections::HashSet;

use napi::Env;
use session_ingress_core::report::Operation;

use super::Environment;
use crate::channel::{Message, OperationId, Outcome};
use crate::instance::{Ended, EntryOf};
use crate::js::{self, Value};

impl Environment {
    /// Takes no more appends; the operation `id` is that of the shutdown.
    pub(crate) fn begin_shutdown(&self, id: OperationId) {
        let appended = self.instance.sessions.borrow().all().stats(None).appended;
        self.instance.shutdown.begin(id, appended);
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
        let outboxes = self.instance.outboxes.list();
        let channel = self.channel.clone();
        match Self::runtime() {
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
        self.instance.sessions.borrow().give_up();
        for id in self.operations.appends() {
            self.settle(env, id, &Outcome::Boolean(false));
        }
        let appended = self.instance.sessions.borrow().all().stats(None).appended;
        let Some(Ended { id, stored, failed }) = self.instance.shutdown.finish(appended) else { return };
        let kept: HashSet<_> = kept.into_iter().collect();
        let result = js::object(env);
        js::set(env, result, "stored", js::number(env, stored as f64));
        let lost = failed.iter().filter(|entry| !kept.contains(entry));
        js::set(env, result, "lost", js::list(env, lost.map(|entry| entry_object(env, entry))));
        if let Some(pending) = self.remove(env, id) {
            pending.deferred.resolve(env, result);
        }
        // Calls of `flush` have to learn of it.
        self.deliver_later(env);
    }
}

fn entry_object<'e>(env: &'e Env, (session_id, uuid): &EntryOf) -> Value<'e> {
    let entry = js::object(env);
    js::set(env, entry, "sessionId", js::string(env, session_id));
    js::set(env, entry, "uuid", js::string(env, &uuid.to_string()));
    entry
}
