//! What outlives a call from JavaScript: references, promises, the event loop.

use std::marker::PhantomData;
use std::ptr;

use napi::{Env, JsValue, sys};

use super::{Value, or_thrown, undefined};

/// A reference that keeps an object alive.
pub(in crate::binding) struct Persistent {
    env: sys::napi_env,
    raw: sys::napi_ref,
}

impl Persistent {
    /// `value` must be an object or a function.
    pub(in crate::binding) fn new(env: &Env, value: Value<'_>) -> Self {
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` takes the result.
        unsafe { sys::napi_create_reference(env.raw(), value.raw(), 1, &mut raw) };
        Self { env: env.raw(), raw }
    }

    pub(in crate::binding) fn get<'e>(&self, env: &'e Env) -> Value<'e> {
        make!(env, napi_get_reference_value, self.raw)
    }
}

impl Drop for Persistent {
    fn drop(&mut self) {
        // SAFETY: dropped on the thread of its environment, at the latest when that ends: Node-API lets
        // references be deleted until then. A null reference is refused.
        unsafe { sys::napi_delete_reference(self.env, self.raw) };
    }
}

/// The means to settle one promise, null where none could be made: napi's own deferred brings a threadsafe function for each promise, the
/// largest cost of a call.
pub(in crate::binding) struct Deferred(sys::napi_deferred, PhantomData<*mut ()>);

/// A new promise, and the means to settle it. One that is never settled is lost with its environment.
pub(in crate::binding) fn promise(env: &Env) -> (Deferred, Value<'_>) {
    let mut deferred = ptr::null_mut();
    let promise = make!(env, napi_create_promise, &mut deferred);
    (Deferred(deferred, PhantomData), promise)
}

impl Deferred {
    pub(in crate::binding) fn resolve(self, env: &Env, to: Value<'_>) {
        if self.0.is_null() {
            return;
        }
        // SAFETY: a deferred is used once: `self` is consumed.
        unsafe { sys::napi_resolve_deferred(env.raw(), self.0, to.raw()) };
    }

    pub(in crate::binding) fn reject(self, env: &Env, with: Value<'_>) {
        if self.0.is_null() {
            return;
        }
        // SAFETY: a deferred is used once: `self` is consumed.
        unsafe { sys::napi_reject_deferred(env.raw(), self.0, with.raw()) };
    }
}

/// Lets the event loop end, or not, while `function` could still be called.
pub(in crate::binding) fn hold_event_loop(env: &Env, function: sys::napi_threadsafe_function, hold: bool) {
    // SAFETY: called on the thread of the environment, while that lives and so the function.
    unsafe {
        if hold {
            sys::napi_ref_threadsafe_function(env.raw(), function);
        } else {
            sys::napi_unref_threadsafe_function(env.raw(), function);
        }
    }
}
