//! Appends and reads in `diagnostics_channel`, for whoever subscribes there: docs/observability.md.

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;
use std::time::Instant;

use napi::Env;
use session_ingress_core::report::{Operation, ReporterExt};

use super::{Environment, error_object};
use crate::channel::{OperationId, Outcome, Trace};
use crate::js::{self, Persistent, Value};

/// The tracing channels of an environment.
#[derive(Default)]
pub(crate) struct Tracing {
    /// The function that loads lib/first-use.js.
    load: RefCell<Option<Persistent>>,
    /// Loaded with the first append or read; `None` where Node has no such channels.
    channels: OnceCell<Option<[Functions; 2]>>,
}

/// The functions of a channel in lib/tracing.js.
struct Functions {
    is_wanted: Persistent,
    begin: Persistent,
    called: Persistent,
    settled: Persistent,
}

/// An operation that is traced.
pub(crate) struct TracedOperation {
    /// The object that subscribers get at each event.
    context: Persistent,
    pub(crate) trace: Arc<Trace>,
    begun: Instant,
}

impl Tracing {
    pub(super) fn set_loader(&self, env: &Env, load: Value<'_>) {
        self.load.replace(Some(Persistent::new(env, load)));
    }

    /// Loads lib/first-use.js where that was not done; what it has to say.
    fn load(&self, env: &Env) -> Option<String> {
        let load = self.load.borrow_mut().take()?;
        let loaded = js::call(env, load.get(env), js::undefined(env), &[]).ok()?;
        let channels =
            || Some([Functions::read(env, loaded, "append")?, Functions::read(env, loaded, "read")?]);
        self.channels.set(channels()).ok();
        js::as_string(env, js::get(env, loaded, "notice").ok()?)
    }

    fn functions(&self, operation: Operation) -> Option<&Functions> {
        let [append, read] = self.channels.get()?.as_ref()?;
        Some(if operation == Operation::Append { append } else { read })
    }

    /// The functions, where somebody subscribes.
    fn wanted(&self, env: &Env, operation: Operation) -> Option<&Functions> {
        let functions = self.functions(operation)?;
        let wanted = js::call(env, functions.is_wanted.get(env), js::undefined(env), &[]).ok()?;
        js::as_boolean(wanted).unwrap_or(false).then_some(functions)
    }
}

impl Functions {
    fn read(env: &Env, loaded: Value<'_>, name: &str) -> Option<Self> {
        if js::is_nullish(loaded) {
            return None;
        }
        let functions = js::get(env, loaded, name).ok()?;
        let function = |name| Some(Persistent::new(env, js::get(env, functions, name).ok()?));
        Some(Self {
            is_wanted: function("isWanted")?,
            begin: function("begin")?,
            called: function("called")?,
            settled: function("settled")?,
        })
    }
}

impl Environment {
    /// Publishes that an operation begins whose arguments are good, where somebody subscribes. From here on its trace is
    /// that of the pending operation.
    pub(crate) fn begin_trace(
        &self,
        env: &Env,
        (id, operation): (OperationId, Operation),
        session_id: &str,
        uuid: impl FnOnce() -> String,
    ) {
        if let Some(notice) = self.tracing.load(env) {
            self.instance.reporter().debug(|| notice);
        }
        let Some(functions) = self.tracing.wanted(env, operation) else { return };
        let context = js::object(env);
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
        js::call(env, functions.begin.get(env), js::undefined(env), &[context]).ok();
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
        let Some(context) = self.context_of(env, id) else { return };
        if let Some(functions) = self.tracing.functions(operation) {
            js::call(env, functions.called.get(env), js::undefined(env), &[context]).ok();
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
        let Some(functions) = self.tracing.functions(operation) else { return };
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
        if let Some(error) = error_of(env, operation, trace, end) {
            js::set(env, context, "error", error);
        }
        js::call(env, functions.settled.get(env), js::undefined(env), &[context]).ok();
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
    env: &'e Env,
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
        Outcome::Rejected(report) => return Some(error_object(env, report)),
        Outcome::Failed => true,
        Outcome::List | Outcome::Number(_) | Outcome::OutboxRows(_) => false,
    };
    failed.then(|| match error {
        Some(report) => error_object(env, &report),
        None => {
            let error = js::error(env, &format!("Error {operation}: {}", event.unwrap_or("it failed")));
            js::set(env, error, "code", js::string(env, "ERR_SESSION_INGRESS_FAILED"));
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
