//! The `AbortSignal`s of the host: any object that behaves like one, because hosts have signals of other realms and of
//! libraries.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use napi::bindgen_prelude::{Function, FunctionCallContext};
use napi::{Env, JsValue, ValueType};
use session_ingress_core::panic::catch_panic;

use crate::channel::OperationId;
use crate::globals::{IdentityMap, MapClass};
use crate::js::{self, Persistent, Thrown, Value};
use crate::rejection::Rejection;

/// A signal with our listener. All operations of a signal share one listener, because Node warns of more than ten.
struct SignalListener {
    /// The operations that the signal aborts, in the order of the calls.
    watchers: BTreeSet<OperationId>,
    signal: Persistent,
    listener: Persistent,
}

/// The signals by which pending operations can be aborted. Each is found at once, however many there are.
pub(crate) struct Signals {
    /// The keys of the listeners, by signal.
    keys: IdentityMap,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// By the first operation of the signal.
    listeners: HashMap<OperationId, SignalListener>,
    /// The keys of the listeners, by operation.
    keys: HashMap<OperationId, OperationId>,
}

impl Signals {
    pub(crate) fn new<'e>(env: &'e Env, map_class: &Rc<MapClass>) -> Result<Self, Thrown<'e>> {
        Ok(Self { keys: IdentityMap::new(env, map_class)?, state: RefCell::default() })
    }

    /// Calls `on_abort` with `id` when `signal` aborts, until [`unwatch`](Self::unwatch). Where `signal` is watched
    /// already, `id` is added to its operations, and the `on_abort` of the first serves all of them.
    pub(crate) fn watch<'e>(
        &self,
        env: &'e Env,
        signal: Value<'_>,
        id: OperationId,
        on_abort: impl Fn(OperationId) + 'static,
    ) -> Result<(), Rejection<'e>> {
        if let Some(key) = js::as_number(self.keys.get(env, signal)?)
            && self.state.borrow_mut().add(key as OperationId, id)
        {
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
        self.keys.set(env, signal, js::number(env, id as f64))?;
        self.state.borrow_mut().begin(id, Persistent::new(env, signal), Persistent::new(env, listener));
        // Nothing is borrowed from here on, because the signal may run code of the host.
        let add = js::get(env, signal, "addEventListener")?;
        js::call(env, add, signal, &[js::string(env, "abort"), listener])?;
        Ok(())
    }

    /// The operations of the signal whose first is `key`.
    pub(crate) fn watchers(&self, key: OperationId) -> Vec<OperationId> {
        let state = self.state.borrow();
        state
            .listeners
            .get(&key)
            .map(|listener| listener.watchers.iter().copied().collect())
            .unwrap_or_default()
    }

    /// Ends the watch for the operation `id`; removes the listener from the signal where no other needs it.
    pub(crate) fn unwatch(&self, env: &Env, id: OperationId) {
        let unused = self.state.borrow_mut().end(id);
        let Some(SignalListener { signal, listener, .. }) = unused else { return };
        let signal = signal.get(env);
        self.keys.delete(env, signal);
        if let Ok(remove) = js::get(env, signal, "removeEventListener") {
            // An error that it throws is ignored.
            js::call(env, remove, signal, &[js::string(env, "abort"), listener.get(env)]).ok();
        }
    }
}

impl State {
    /// Adds an operation to a listener; false where there is none.
    fn add(&mut self, key: OperationId, id: OperationId) -> bool {
        let Some(listener) = self.listeners.get_mut(&key) else { return false };
        listener.watchers.insert(id);
        self.keys.insert(id, key);
        true
    }

    fn begin(&mut self, id: OperationId, signal: Persistent, listener: Persistent) {
        self.listeners.insert(id, SignalListener { watchers: BTreeSet::from([id]), signal, listener });
        self.keys.insert(id, id);
    }

    /// Removes an operation; returns its listener where no other needs it.
    fn end(&mut self, id: OperationId) -> Option<SignalListener> {
        let key = self.keys.remove(&id)?;
        let watchers = &mut self.listeners.get_mut(&key)?.watchers;
        watchers.remove(&id);
        if watchers.is_empty() { self.listeners.remove(&key) } else { None }
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
