//! The host's `AbortSignal`s: any object that behaves like one, since hosts have them from other realms and
//! from libraries.

use std::panic::{AssertUnwindSafe, catch_unwind};

use napi::bindgen_prelude::{Function, FunctionCallContext};
use napi::{Env, JsValue, ValueType};

use super::js::{self, Persistent, Value};
use super::options::Rejection;

/// A signal with a listener of ours.
pub(super) struct Watched {
    signal: Persistent,
    listener: Persistent,
}

/// A value that can be watched; anything else rejects, by its `name`.
pub(super) fn signal<'e>(env: &'e Env, value: Value<'e>, name: &str) -> Result<Value<'e>, Rejection<'e>> {
    let has = |key, kind| Ok::<_, Rejection<'e>>(js::kind(js::get(env, value, key)?) == kind);
    let is_signal = js::kind(value) == ValueType::Object
        && has("aborted", ValueType::Boolean)?
        && has("addEventListener", ValueType::Function)?
        && has("removeEventListener", ValueType::Function)?;
    if is_signal { Ok(value) } else { Err(Rejection::Type(format!("{name} must be an AbortSignal"))) }
}

/// Whether `signal` has aborted.
pub(super) fn is_aborted<'e>(env: &'e Env, signal: Value<'_>) -> Result<bool, Rejection<'e>> {
    Ok(js::as_boolean(env, js::get(env, signal, "aborted")?))
}

/// What `signal` was aborted with; an `AbortError` where it does not say.
pub(super) fn reason<'e>(env: &'e Env, signal: Value<'_>) -> Value<'e> {
    let said = js::get(env, signal, "reason").ok().filter(|reason| js::kind(*reason) != ValueType::Undefined);
    said.or_else(|| default_reason(env)).unwrap_or_else(|| {
        let error = js::error(env, "This operation was aborted");
        js::set(env, error, "name", js::string(env, "AbortError"));
        error
    })
}

/// The environment's own: `AbortSignal.abort().reason`.
fn default_reason(env: &Env) -> Option<Value<'_>> {
    let class = js::get(env, js::global(env), "AbortSignal").ok()?;
    let abort = js::get(env, class, "abort").ok()?;
    let aborted = js::call(env, abort, class, &[]).ok()?;
    js::get(env, aborted, "reason").ok().filter(|reason| js::is_error(env, *reason))
}

impl Watched {
    /// Calls `on_abort` when `signal` aborts. The listener stays until [`leave`](Self::leave).
    pub(super) fn watch<'e>(
        env: &'e Env,
        signal: Value<'_>,
        on_abort: impl Fn() + 'static,
    ) -> Result<Self, Rejection<'e>> {
        let listener = move |_: FunctionCallContext<'_>| {
            // A panic must not reach whoever dispatches the event.
            catch_unwind(AssertUnwindSafe(&on_abort)).ok();
            Ok(())
        };
        let listener: Function<'_, (), ()> = env
            .create_function_from_closure("onAbort", listener)
            .map_err(|error| Rejection::Type(format!("session-ingress: no listener: {error}")))?;
        let listener = JsValue::to_unknown(&listener);
        let add = js::get(env, signal, "addEventListener")?;
        js::call(env, add, signal, &[js::string(env, "abort"), listener])?;
        Ok(Self { signal: Persistent::new(env, signal), listener: Persistent::new(env, listener) })
    }

    pub(super) fn reason<'e>(&self, env: &'e Env) -> Value<'e> {
        reason(env, self.signal.get(env))
    }

    /// Takes the listener away.
    pub(super) fn leave(&self, env: &Env) {
        let signal = self.signal.get(env);
        if let Ok(remove) = js::get(env, signal, "removeEventListener") {
            // Should it throw, there is nothing more to be done.
            js::call(env, remove, signal, &[js::string(env, "abort"), self.listener.get(env)]).ok();
        }
    }
}
