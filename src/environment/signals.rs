//! The `AbortSignal`s of the host: any object that behaves like one, because hosts have signals of other realms and of
//! libraries.

use std::cell::RefCell;

use napi::bindgen_prelude::{Function, FunctionCallContext};
use napi::{Env, JsValue, ValueType};
use session_ingress_core::panic::catch_panic;

use crate::channel::OperationId;
use crate::js::{self, Persistent, Value};
use crate::rejection::Rejection;

/// A signal with our listener. All reads of a signal share one listener, because Node warns of more than ten.
struct SignalListener {
    /// The first read of the signal, which is the key of this listener.
    first: OperationId,
    /// The reads that the signal cancels.
    reads: Vec<OperationId>,
    signal: Persistent,
    listener: Persistent,
}

/// The signals by which pending reads can be cancelled.
#[derive(Default)]
pub(crate) struct Signals(RefCell<Vec<SignalListener>>);

impl Signals {
    /// Calls `on_abort` with `id` when `signal` aborts, until [`unwatch`](Self::unwatch). Where `signal` is watched
    /// already, `id` is added to its reads, and the `on_abort` of the first read serves all of them.
    pub(crate) fn watch<'e>(
        &self,
        env: &'e Env,
        signal: Value<'_>,
        id: OperationId,
        on_abort: impl Fn(OperationId) + 'static,
    ) -> Result<(), Rejection<'e>> {
        let mut listeners = self.0.borrow_mut();
        let same = |listener: &&mut SignalListener| {
            env.strict_equals(listener.signal.get(env), signal).unwrap_or(false)
        };
        if let Some(listener) = listeners.iter_mut().find(same) {
            listener.reads.push(id);
            return Ok(());
        }
        let listener = move |_: FunctionCallContext<'_>| {
            // A panic must not reach the code that dispatches the event.
            catch_panic(|| on_abort(id)).ok();
            Ok(())
        };
        let listener: Function<'_, (), ()> = env
            .create_function_from_closure("onAbort", listener)
            .map_err(|error| Rejection::Type(format!("session-ingress cannot make a listener: {error}")))?;
        let listener = JsValue::to_unknown(&listener);
        listeners.push(SignalListener {
            first: id,
            reads: vec![id],
            signal: Persistent::new(env, signal),
            listener: Persistent::new(env, listener),
        });
        // Nothing is borrowed from here on, because the signal may run code of the host.
        drop(listeners);
        let add = js::get(env, signal, "addEventListener")?;
        js::call(env, add, signal, &[js::string(env, "abort"), listener])?;
        Ok(())
    }

    /// The reads of the signal whose first read is `first`.
    pub(crate) fn reads(&self, first: OperationId) -> Vec<OperationId> {
        let listeners = self.0.borrow();
        let listener = listeners.iter().find(|listener| listener.first == first);
        listener.map(|listener| listener.reads.clone()).unwrap_or_default()
    }

    /// Ends the watch for the read `id`; removes the listener from the signal where no other read needs it.
    pub(super) fn unwatch(&self, env: &Env, id: OperationId) {
        let unused = {
            let mut listeners = self.0.borrow_mut();
            let Some(at) = listeners.iter().position(|listener| listener.reads.contains(&id)) else { return };
            listeners[at].reads.retain(|read| *read != id);
            if !listeners[at].reads.is_empty() {
                return;
            }
            listeners.swap_remove(at)
        };
        let signal = unused.signal.get(env);
        if let Ok(remove) = js::get(env, signal, "removeEventListener") {
            // An error that it throws is ignored.
            js::call(env, remove, signal, &[js::string(env, "abort"), unused.listener.get(env)]).ok();
        }
    }
}

/// A signal that can be watched; any other value is a rejection that names the option `name`.
pub(crate) fn signal<'e>(env: &'e Env, value: Value<'e>, name: &str) -> Result<Value<'e>, Rejection<'e>> {
    let has = |key, kind| Ok::<_, Rejection<'e>>(js::kind(js::get(env, value, key)?) == kind);
    let is_signal = js::kind(value) == ValueType::Object
        && has("aborted", ValueType::Boolean)?
        && has("addEventListener", ValueType::Function)?
        && has("removeEventListener", ValueType::Function)?;
    if is_signal { Ok(value) } else { Err(Rejection::Type(format!("{name} must be an AbortSignal"))) }
}

/// Whether `signal` has aborted.
pub(crate) fn is_aborted<'e>(env: &'e Env, signal: Value<'_>) -> Result<bool, Rejection<'e>> {
    Ok(js::get(env, signal, "aborted")?.coerce_to_bool().unwrap_or(false))
}

/// The reason of an aborted `signal`; an `AbortError` where it has none.
pub(crate) fn reason<'e>(env: &'e Env, signal: Value<'_>) -> Value<'e> {
    let given =
        js::get(env, signal, "reason").ok().filter(|reason| js::kind(*reason) != ValueType::Undefined);
    given.or_else(|| default_reason(env)).unwrap_or_else(|| {
        let error = js::error(env, "This operation was aborted");
        js::set(env, error, "name", js::string(env, "AbortError"));
        error
    })
}

/// The default reason of the environment: `AbortSignal.abort().reason`.
fn default_reason(env: &Env) -> Option<Value<'_>> {
    let class = js::get(env, js::global(env), "AbortSignal").ok()?;
    let abort = js::get(env, class, "abort").ok()?;
    let aborted = js::call(env, abort, class, &[]).ok()?;
    js::get(env, aborted, "reason").ok().filter(|reason| reason.is_error().unwrap_or(false))
}
