//! One environment: a JavaScript thread with its channel, its pending operations and V8's JSON.

mod aborts;
mod error_object;
mod flushes;
mod operations;
mod outbox_rows;
mod shutdown;
mod signals;
mod tracing;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use napi::bindgen_prelude::Function;
use napi::{Env, JsValue};
use session_ingress_core::channel::Wake;
use session_ingress_core::http;
use session_ingress_core::panic::{catch_panic, keep_panics};
use session_ingress_core::report::{Error, Operation, Report};
use session_ingress_core::runtime::runtime;
use tokio::runtime::Handle;

use crate::channel::{Channel, Completion, Message, OperationId, Outcome, Waker};
use crate::globals::{Json, on_exit, set_immediate};
use crate::instance::{Instance, end_all, write_all};
use crate::js::{self, Persistent, Value};
use crate::rejection::Rejection;
use outbox_rows::outbox_rows;
use tracing::{TraceEnd, Tracing};

pub(crate) use aborts::QueueOfEntry;
pub(crate) use error_object::error_object;
pub(crate) use flushes::{Flush, Flushes};
pub(crate) use operations::{Operations, PendingOperation, PendingRead};
pub(crate) use signals::{Signals, reason, signal};

/// Delivers the items that are ready, on the thread of the environment; never panics.
pub(crate) type Deliver = fn(&Environment, &Env);

/// The state of one JavaScript thread. All of it is used on that thread only, except the channel, which the runtime
/// shares. Cells are borrowed for single steps, and never while JavaScript runs: JavaScript may call back into the
/// addon.
pub(crate) struct Environment {
    pub(crate) json: Json,
    pub(crate) channel: Arc<Channel>,
    pub(crate) operations: Operations,
    pub(crate) flushes: Flushes,
    pub(crate) signals: Signals,
    tracing: Tracing,
    /// The instance behind the exported functions.
    pub(crate) instance: Instance,
    /// A function that writes debug lines to Node's own log; set where `NODE_DEBUG` asks for it.
    debug_log: RefCell<Option<Rc<Persistent>>>,
    waker: Arc<Waker>,
    writes_outbox_at_exit: Cell<bool>,
    deliver: Persistent,
    set_immediate: Option<Persistent>,
}

impl Environment {
    /// Makes the state of an environment when the addon is loaded into it. Files, variables and threads wait until the
    /// first request needs them.
    pub(crate) fn install(env: &Env, deliver: Deliver) -> napi::Result<()> {
        keep_panics();
        let failed =
            |what| napi::Error::from_reason(format!("session-ingress: this environment has no {what}"));
        let json = Json::new(env).map_err(|_| failed("JSON object"))?;
        let signals = Signals::new(env).map_err(|_| failed("Map"))?;
        let this = Rc::new(RefCell::new(Weak::<Self>::new()));
        let deliver = deliver_function(env, this.clone(), deliver)?;
        let waker = Arc::new(waker(env, deliver)?.ok_or_else(|| failed("event loop"))?);
        let channel = Arc::<Channel>::default();
        channel.set_waker(waker.clone());
        let environment = Rc::new(Self {
            json,
            channel: channel.clone(),
            operations: Operations::default(),
            flushes: Flushes::default(),
            signals,
            tracing: Tracing::default(),
            instance: Instance::new(channel.clone()),
            debug_log: RefCell::default(),
            waker,
            writes_outbox_at_exit: Cell::default(),
            deliver: Persistent::new(env, deliver),
            set_immediate: set_immediate(env).map(|function| Persistent::new(env, function)),
        });
        *this.borrow_mut() = Rc::downgrade(&environment);
        env.add_env_cleanup_hook(channel, |channel| channel.close())?;
        env.set_instance_data(environment, (), |_| ())
    }

    /// The environment that a call comes from.
    pub(crate) fn of(env: &Env) -> napi::Result<Rc<Self>> {
        let environment = env.get_instance_data::<Rc<Self>>()?;
        environment
            .map(|environment| environment.clone())
            .ok_or_else(|| napi::Error::from_reason("session-ingress: this environment has ended"))
    }

    /// Begins an operation and returns its promise.
    ///
    /// Where `begin` returns a rejection, the promise rejects with it. Where `begin` panics, the operation fails: the
    /// panic is reported, and then the promise settles.
    pub(crate) fn operation<'e>(
        env: &'e Env,
        operation: Operation,
        begin: impl FnOnce(&Rc<Self>, OperationId) -> Result<(), Rejection<'e>>,
    ) -> napi::Result<Value<'e>> {
        let environment = Self::of(env)?;
        let (deferred, promise) = js::promise(env);
        let held = environment.operations.is_holding();
        let id = environment.operations.add(operation, deferred);
        if environment.operations.is_holding() && !held {
            environment.hold_event_loop(env, true);
        }
        let begun = catch_panic(|| begin(&environment, id));
        environment.end_call(env, id, operation);
        match begun {
            Ok(Ok(())) => {}
            Ok(Err(rejection)) => {
                if let Some(pending) = environment.remove(env, id) {
                    let reason = rejection.into_value(env);
                    pending.deferred.reject(env, reason);
                    if let Some(traced) = pending.traced {
                        environment.end_trace(env, operation, &traced, TraceEnd::Rejected(reason));
                    }
                }
            }
            Err(panic) => {
                environment.report_panic(operation, panic);
                environment.channel.send(Message::Settle(id, Outcome::Failed));
            }
        }
        Ok(promise)
    }

    /// Removes an operation; the caller must settle its promise.
    pub(crate) fn remove(&self, env: &Env, id: OperationId) -> Option<PendingOperation> {
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
                self.instance.sessions.borrow_mut().release(session_id);
            }
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
        match outcome {
            Outcome::Boolean(is) => {
                deferred.resolve(env, js::boolean(env, *is));
                if let Some(guard) = guard {
                    guard.settle(*is);
                }
            }
            Outcome::Null => deferred.resolve(env, js::null(env)),
            Outcome::Number(number) => deferred.resolve(env, js::number(env, *number)),
            Outcome::OutboxRows(rows) => deferred.resolve(env, outbox_rows(env, rows)),
            Outcome::List => {
                let list = read.and_then(|read| read.list);
                deferred.resolve(env, list.map_or_else(|| js::array(env), |list| list.get(env)));
            }
            Outcome::Rejected(report) => deferred.reject(env, error_object(env, report)),
            Outcome::Failed => deferred.resolve(env, value_of_failed(env, operation)),
        }
        if let (false, Some((session, entry))) = (matches!(outcome, Outcome::Boolean(true)), &entry) {
            self.instance.shutdown.note_failed(session.id(), entry.uuid());
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

    /// The runtime, which starts at the first call; where the system refuses it a thread, nothing can be sent.
    pub(crate) fn runtime() -> Result<&'static Handle, http::Error> {
        runtime()
            .map_err(|error| http::Error::NotConnected(format!("the runtime cannot start: {error}").into()))
    }

    /// Schedules the next delivery in a later turn of the event loop.
    pub(crate) fn deliver_later(&self, env: &Env) {
        let later = self.set_immediate.as_ref().is_some_and(|set_immediate| {
            js::call(env, set_immediate.get(env), js::undefined(env), &[self.deliver.get(env)]).is_ok()
        });
        if !later {
            // Without setImmediate: the waker calls back, maybe in the same turn.
            self.waker.wake();
        }
    }

    /// Applies the options of one call of `configure`.
    pub(crate) fn configure<'e>(&self, env: &'e Env, options: Value<'_>) -> Result<(), Rejection<'e>> {
        self.instance.configure(env, options)?;
        if self.instance.has_outbox() {
            self.write_outbox_at_exit(env);
        }
        self.instance.update_wants_debug(self.debug_log.borrow().is_some());
        Ok(())
    }

    /// Has what is queued for the disk written when the event loop ends, or the environment.
    fn write_outbox_at_exit(&self, env: &Env) {
        if self.writes_outbox_at_exit.replace(true) {
            return;
        }
        let (at_exit, at_end) = (self.instance.outboxes.all(), self.instance.outboxes.all());
        on_exit(env, move || write_all(&at_exit));
        // Of a worker that is terminated: nothing emits `exit` there.
        env.add_env_cleanup_hook(at_end, |all| end_all(&all)).ok();
    }

    /// Sets a function that receives debug lines and errors besides the host.
    pub(crate) fn set_debug_log(&self, env: &Env, log: Value<'_>) {
        self.debug_log.replace(Some(Rc::new(Persistent::new(env, log))));
        self.instance.update_wants_debug(true);
    }

    /// Sets the function that loads lib/first-use.js.
    pub(crate) fn set_first_use(&self, env: &Env, load: Value<'_>) {
        self.tracing.set_loader(env, load);
    }

    /// Writes a line to Node's own log, where `NODE_DEBUG` names the package.
    pub(crate) fn write_node_debug(&self, env: &Env, line: Value<'_>) {
        let log = self.debug_log.borrow().clone();
        if let Some(log) = log {
            js::call(env, log.get(env), js::undefined(env), &[line]).ok();
        }
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

    /// Holds the event loop open, or not. It is held exactly while operations are pending that hold it.
    fn hold_event_loop(&self, env: &Env, hold: bool) {
        js::hold_event_loop(env, self.waker.raw(), hold);
    }
}

/// The function that the waker and `setImmediate` call.
fn deliver_function(
    env: &Env,
    this: Rc<RefCell<Weak<Environment>>>,
    deliver: Deliver,
) -> napi::Result<Value<'_>> {
    let function: Function<'_, (), ()> = env.create_function_from_closure("deliver", move |context| {
        let environment = this.borrow().upgrade();
        if let Some(environment) = environment {
            deliver(&environment, context.env);
        }
        Ok(())
    })?;
    Ok(JsValue::to_unknown(&function))
}

/// A waker that calls `deliver`. It is made in no async context, because the host's logging functions are called in the
/// context of the waker.
fn waker(env: &Env, deliver: Value<'_>) -> napi::Result<Option<Waker>> {
    let made = Rc::new(RefCell::new(None));
    let slot = made.clone();
    let make: Function<'_, Function<'_, (), ()>, ()> =
        env.create_function_from_closure("makeWaker", move |context| {
            let deliver = context.first_arg::<Function<'_, (), ()>>()?;
            *slot.borrow_mut() = Some(Waker::new(&deliver)?);
            Ok(())
        })?;
    js::call_detached(env, JsValue::to_unknown(&make), deliver).ok();
    Ok(made.take())
}

/// The value to which the promise of a failed operation resolves.
fn value_of_failed(env: &Env, operation: Operation) -> Value<'_> {
    match operation {
        Operation::Append | Operation::Flush => js::boolean(env, false),
        Operation::ReadLog | Operation::ReadTeleportEvents => js::null(env),
        Operation::Clear | Operation::Report | Operation::Outbox | Operation::Shutdown => js::undefined(env),
    }
}
