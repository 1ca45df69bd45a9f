//! Appends and reads in `diagnostics_channel`, for whoever subscribes there: docs/observability.md.

use std::sync::Arc;
use std::time::Instant;

use napi::Env;
use session_ingress_core::report::{Operation, ReporterExt};

use super::handle::{Slot, TracingFunction};
use super::{Instance, error_object};
use crate::channel::{OperationId, Outcome, Trace};
use crate::globals::Realm;
use crate::js::{self, Persistent, Value};
use crate::operations::TracedOperation;

impl Instance {
    /// Sets the function that loads lib/first-use.js.
    pub(crate) fn set_first_use(&self, env: &Env, load: Value<'_>) {
        self.handle.set(env, Slot::FirstUse, Some(load));
    }

    /// Loads lib/first-use.js as this instance does.
    pub(crate) fn share_first_use(&self, env: &Env, with: &Self) {
        with.handle.set(env, Slot::FirstUse, self.handle.get(env, Slot::FirstUse));
    }

    /// Loads lib/first-use.js where that was not done; what it has to say.
    fn load_first_use(&self, env: &Env) -> Option<String> {
        if self.is_used.replace(true) {
            return None;
        }
        let load = self.handle.get(env, Slot::FirstUse)?;
        let loaded = js::call(env, load, js::undefined(env), &[]).ok()?;
        for (channel, operation) in [("append", Operation::Append), ("read", Operation::ReadLog)] {
            // `undefined` where Node has no such channels.
            let Ok(functions) = js::get(env, loaded, channel) else { continue };
            for (function, name) in TracingFunction::ALL {
                let given = js::get(env, functions, name).ok().filter(|given| !js::is_nullish(*given));
                self.handle.set(env, Slot::Tracing(operation, function), given);
            }
        }
        js::as_string(env, js::get(env, loaded, "notice").ok()?)
    }

    /// Calls a function of lib/tracing.js, where there is one.
    fn call_tracing<'e>(
        &self,
        env: &'e Env,
        operation: Operation,
        function: TracingFunction,
        arguments: &[Value<'_>],
    ) -> Option<Value<'e>> {
        let function = self.handle.get(env, Slot::Tracing(operation, function))?;
        js::call(env, function, js::undefined(env), arguments).ok()
    }

    /// Whether somebody subscribes.
    fn is_traced(&self, env: &Env, operation: Operation) -> bool {
        let wanted = self.call_tracing(env, operation, TracingFunction::IsWanted, &[]);
        wanted.and_then(js::as_boolean).unwrap_or(false)
    }

    /// Publishes that an operation begins whose arguments are good, where somebody subscribes. From here on its trace is
    /// that of the pending operation.
    pub(crate) fn begin_trace(
        &self,
        env: &Env,
        (id, operation): (OperationId, Operation),
        session_id: &str,
        uuid: impl FnOnce() -> String,
    ) {
        if let Some(notice) = self.load_first_use(env) {
            self.reporter().debug(|| notice);
        }
        if !self.is_traced(env, operation) {
            return;
        }
        let context = self.realm(env).object();
        js::set(env, context, "operation", js::string(env, name_of(operation)));
        js::set(env, context, "sessionId", js::string(env, session_id));
        if operation == Operation::Append {
            js::set(env, context, "uuid", js::string(env, &uuid()));
        }
        let traced = TracedOperation {
            context: Persistent::new(env, context),
            trace: Arc::default(),
            begun: Instant::now(),
        };
        self.operations.with(id, |pending| pending.traced = Some(Box::new(traced)));
        self.call_tracing(env, operation, TracingFunction::Begin, &[context]);
    }

    /// The trace of a pending operation; `None` where it is not traced.
    pub(crate) fn trace_of(&self, id: OperationId) -> Option<Arc<Trace>> {
        self.operations.with(id, |pending| pending.traced.as_ref().map(|traced| Arc::clone(&traced.trace)))?
    }

    /// Adds the URL of an operation that is traced, without what may be secret.
    pub(crate) fn trace_url(&self, env: &Env, id: OperationId, url: impl FnOnce() -> String) {
        if let Some(context) = self.context_of(env, id) {
            js::set(env, context, "url", js::string(env, &url()));
        }
    }

    fn context_of<'e>(&self, env: &'e Env, id: OperationId) -> Option<Value<'e>> {
        self.operations.with(id, |pending| pending.traced.as_ref().map(|traced| traced.context.get(env)))?
    }

    /// Publishes that the call of an operation returns.
    pub(super) fn end_call(&self, env: &Env, id: OperationId, operation: Operation) {
        if let Some(context) = self.context_of(env, id) {
            self.call_tracing(env, operation, TracingFunction::Called, &[context]);
        }
    }

    /// Publishes what has become of an operation whose promise settles.
    pub(super) fn end_trace(
        &self,
        env: &Env,
        operation: Operation,
        traced: &TracedOperation,
        end: TraceEnd<'_, '_>,
    ) {
        let TracedOperation { context, trace, begun } = traced;
        let context = context.get(env);
        let set = |key, number| js::set(env, context, key, js::number(env, number));
        set("attempts", trace.attempts().into());
        set("bytes", trace.bytes() as f64);
        set("duration", begun.elapsed().as_secs_f64() * 1000.0);
        if let Some(status) = trace.status() {
            set("status", status.into());
        }
        if let TraceEnd::Outcome(Outcome::Boolean(stored)) = end {
            js::set(env, context, "result", js::boolean(env, *stored));
        }
        if let Some(error) = error_of(self.realm(env), operation, trace, end) {
            js::set(env, context, "error", error);
        }
        self.call_tracing(env, operation, TracingFunction::Settled, &[context]);
    }
}

/// How the promise of a traced operation settles.
#[derive(Clone, Copy)]
pub(super) enum TraceEnd<'a, 'e> {
    Outcome(&'a Outcome),
    /// It rejects with this value.
    Rejected(Value<'e>),
}

/// The error of an operation that failed; `None` where it has not.
fn error_of<'e>(
    realm: Realm<'e>,
    operation: Operation,
    trace: &Trace,
    end: TraceEnd<'_, 'e>,
) -> Option<Value<'e>> {
    let outcome = match end {
        TraceEnd::Rejected(reason) => return Some(reason),
        TraceEnd::Outcome(outcome) => outcome,
    };
    let (error, event) = trace.failure();
    let failed = match outcome {
        Outcome::Boolean(stored) => !stored,
        // A session without events is no failure.
        Outcome::Null => error.is_some() || event.is_some(),
        Outcome::Rejected(report) => return Some(error_object(realm, report)),
        Outcome::Failed => true,
        Outcome::List | Outcome::Number(_) | Outcome::OutboxRows(_) => false,
    };
    failed.then(|| match error {
        Some(report) => error_object(realm, &report),
        None => {
            let error = realm.error(&format!("Error {operation}: {}", event.unwrap_or("it failed")));
            let code = js::string(realm.env, "ERR_SESSION_INGRESS_FAILED");
            js::set(realm.env, error, "code", code);
            error
        }
    })
}

fn name_of(operation: Operation) -> &'static str {
    match operation {
        Operation::Append => "append",
        Operation::ReadTeleportEvents => "readTeleportEvents",
        _ => "readLog",
    }
}
