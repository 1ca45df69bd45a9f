//! The host's `AbortSignal`s: any object that behaves like one, since hosts have them from other realms and
//! from libraries.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use napi::bindgen_prelude::{Function, FunctionCallContext};
use napi::{Env, JsValue, ValueType};

use super::host::Host;
use super::js::{self, Persistent, Value};
use super::options::Rejection;
use super::reader::Reader;
use super::settle::OperationId;

/// A signal with a listener of ours.
pub(super) struct Watched {
    /// The read that came first; it names this.
    first: OperationId,
    /// Those that the signal cancels.
    reads: Vec<OperationId>,
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

impl Host {
    /// Has the read `id` cancelled when `signal` aborts, until [`leave_signal`](Self::leave_signal).
    ///
    /// One listener does for all reads of a signal: Node warns of more than ten.
    pub(super) fn watch_signal<'e>(
        self: &Rc<Self>,
        env: &'e Env,
        signal: Value<'_>,
        id: OperationId,
    ) -> Result<(), Rejection<'e>> {
        let mut signals = self.signals.borrow_mut();
        if let Some(watched) =
            signals.iter_mut().find(|watched| js::is_same(env, watched.signal.get(env), signal))
        {
            watched.reads.push(id);
            return Ok(());
        }
        let host = Rc::downgrade(self);
        let listener = move |_: FunctionCallContext<'_>| {
            // A panic must not reach whoever dispatches the event.
            catch_unwind(AssertUnwindSafe(|| host.upgrade().map(|host| host.abort_reads(id)))).ok();
            Ok(())
        };
        let listener: Function<'_, (), ()> = env
            .create_function_from_closure("onAbort", listener)
            .map_err(|error| Rejection::Type(format!("session-ingress: no listener: {error}")))?;
        let listener = JsValue::to_unknown(&listener);
        signals.push(Watched {
            first: id,
            reads: vec![id],
            signal: Persistent::new(env, signal),
            listener: Persistent::new(env, listener),
        });
        // Nothing is borrowed from here on: a signal may be of the host's making.
        drop(signals);
        let add = js::get(env, signal, "addEventListener")?;
        js::call(env, add, signal, &[js::string(env, "abort"), listener])?;
        Ok(())
    }

    fn abort_reads(&self, first: OperationId) {
        let reads = {
            let signals = self.signals.borrow();
            signals.iter().find(|watched| watched.first == first).map(|watched| watched.reads.clone())
        };
        for id in reads.unwrap_or_default() {
            self.with_reader(id, Reader::abort);
        }
    }

    /// The read `id` is over: takes the listener from its signal, where no other read needs it.
    pub(super) fn leave_signal(&self, env: &Env, id: OperationId) {
        let left = {
            let mut signals = self.signals.borrow_mut();
            let Some(at) = signals.iter().position(|watched| watched.reads.contains(&id)) else { return };
            signals[at].reads.retain(|read| *read != id);
            if !signals[at].reads.is_empty() {
                return;
            }
            signals.swap_remove(at)
        };
        let signal = left.signal.get(env);
        if let Ok(remove) = js::get(env, signal, "removeEventListener") {
            // Should it throw, there is nothing more to be done.
            js::call(env, remove, signal, &[js::string(env, "abort"), left.listener.get(env)]).ok();
        }
    }
}
