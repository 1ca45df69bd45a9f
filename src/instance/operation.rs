//! The begin and the end of operations.

use std::rc::Rc;

use napi::Env;
use session_ingress_core::panic::catch_panic;
use session_ingress_core::report::{Error, Operation, Report};

use super::tracing::TraceEnd;
use super::{Instance, error_object, outbox_rows::outbox_rows};
use crate::channel::{Completion, Message, OperationId, Outcome};
use crate::js::{self, Value};
use crate::operations::PendingOperation;
use crate::rejection::Rejection;

impl Instance {
    /// Begins an operation and returns its promise.
    ///
    /// Where `begin` returns a rejection, the promise rejects with it. Where `begin` panics, the operation fails: the
    /// panic is reported, and then the promise settles.
    pub(crate) fn operation<'e>(
        env: &'e Env,
        this: Value<'_>,
        operation: Operation,
        begin: impl FnOnce(&Rc<Self>, OperationId) -> Result<(), Rejection<'e>>,
    ) -> napi::Result<Value<'e>> {
        let instance = Self::of(env, this)?;
        let (deferred, promise) = js::promise(env);
        let promise = instance.realm(env).promise(promise);
        if instance.operations.is_empty() {
            instance.keep_alive();
        }
        let held = instance.operations.is_holding();
        let id = instance.operations.add(operation, deferred);
        if instance.operations.is_holding() && !held {
            instance.hold_event_loop(env, true);
        }
        let begun = catch_panic(|| begin(&instance, id));
        instance.end_call(env, id, operation);
        match begun {
            Ok(Ok(())) => {}
            Ok(Err(rejection)) => {
                if let Some(pending) = instance.remove(env, id) {
                    let reason = rejection.into_value(instance.realm(env));
                    pending.deferred.reject(env, reason);
                    if let Some(traced) = pending.traced {
                        instance.end_trace(env, operation, &traced, TraceEnd::Rejected(reason));
                    }
                }
            }
            Err(panic) => {
                instance.report_panic(operation, panic);
                instance.channel.send(Message::Settle(id, Outcome::Failed));
            }
        }
        Ok(promise)
    }

    /// Removes an operation; the caller must settle its promise.
    pub(super) fn remove(&self, env: &Env, id: OperationId) -> Option<PendingOperation> {
        let held = self.operations.is_holding();
        let pending = self.operations.remove(id)?;
        if held && !self.operations.is_holding() {
            self.hold_event_loop(env, false);
        }
        if pending.abortable.is_some() {
            self.signals.unwatch(env, id);
        }
        if let Some(guard) = &pending.guard {
            self.flushes.note_settled(guard);
        }
        if let Some(read) = &pending.read {
            self.signals.unwatch(env, id);
            if let Some(session_id) = &read.session_id {
                self.sessions.borrow_mut().release(session_id);
            }
        }
        if self.operations.is_empty() {
            self.let_go();
        }
        Some(pending)
    }

    /// Settles the promise of an operation, where that is pending, and those of the appends that joined it.
    pub(crate) fn settle(&self, env: &Env, id: OperationId, outcome: &Outcome) {
        for joined in self.settle_one(env, id, outcome) {
            self.settle_one(env, joined, outcome);
        }
    }

    /// Settles the promise of an operation; returns the appends that joined it.
    fn settle_one(&self, env: &Env, id: OperationId, outcome: &Outcome) -> Vec<OperationId> {
        let Some(PendingOperation { deferred, operation, guard, entry, read, abortable, traced, .. }) =
            self.remove(env, id)
        else {
            return Vec::new();
        };
        let withdrawn = || abortable.as_ref().and_then(|abortable| abortable.reason(env));
        if let Some(reason) = read.as_ref().and_then(|read| read.abort_reason(env)).or_else(withdrawn) {
            if let Some(guard) = guard {
                guard.withdraw();
            }
            deferred.reject(env, reason);
            if let Some(traced) = traced {
                self.end_trace(env, operation, &traced, TraceEnd::Rejected(reason));
            }
            return Vec::new();
        }
        let realm = self.realm(env);
        match outcome {
            Outcome::Boolean(is) => {
                deferred.resolve(env, js::boolean(env, *is));
                if let Some(guard) = guard {
                    guard.settle(*is);
                }
            }
            Outcome::Null => deferred.resolve(env, js::null(env)),
            Outcome::Number(number) => deferred.resolve(env, js::number(env, *number)),
            Outcome::OutboxRows(rows) => deferred.resolve(env, outbox_rows(realm, rows)),
            Outcome::List => {
                let list = read.and_then(|read| read.list);
                deferred.resolve(env, list.map_or_else(|| realm.array(), |list| list.get(env)));
            }
            Outcome::Rejected(report) => deferred.reject(env, error_object(realm, report)),
            Outcome::Failed => deferred.resolve(env, value_of_failed(env, operation)),
        }
        if let (false, Some((session, entry))) = (matches!(outcome, Outcome::Boolean(true)), &entry) {
            self.shutdown.note_failed(session.id(), entry.uuid());
        }
        let joined = entry.map(|(session, entry)| session.end(&entry)).unwrap_or_default();
        if let Some(traced) = traced {
            self.end_trace(env, operation, &traced, TraceEnd::Outcome(outcome));
        }
        joined
    }

    /// The completion by which the runtime settles the operation `id`.
    pub(crate) fn completion(&self, operation: Operation, id: OperationId) -> Completion {
        Completion::new(self.channel.clone(), operation, id)
    }

    /// Reports a panic in a call from JavaScript.
    pub(crate) fn report_panic(&self, operation: Operation, panic: String) {
        self.channel.send(Message::Report(Report::Error(Error::Panicked(operation, panic).into())));
    }

    /// Lets appends hold the event loop open, or not.
    pub(crate) fn hold_for_appends(&self, env: &Env, hold: bool) {
        let held = self.operations.is_holding();
        self.operations.hold_for_appends(hold);
        let holds = self.operations.is_holding();
        if holds != held {
            self.hold_event_loop(env, holds);
        }
    }
}

/// The value to which the promise of a failed operation resolves.
fn value_of_failed(env: &Env, operation: Operation) -> Value<'_> {
    match operation {
        Operation::Append | Operation::Flush => js::boolean(env, false),
        Operation::ReadLog | Operation::ReadTeleportEvents => js::null(env),
        Operation::Clear | Operation::Report | Operation::Outbox | Operation::Shutdown => js::undefined(env),
    }
}
