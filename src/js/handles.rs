//! Handles that outlive a call from JavaScript: references, promises, the event loop.

use std::marker::PhantomData;
use std::ptr;

use napi::{Env, JsValue, sys};

use super::{Value, checked, undefined};

/// A reference that keeps an object alive. napi's own must be given back by hand.
pub(crate) struct Persistent {
    env: sys::napi_env,
    raw: sys::napi_ref,
}

impl Persistent {
    /// `value` must be an object or a function.
    pub(crate) fn new(env: &Env, value: Value<'_>) -> Self {
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` takes the result, and stays null where there is none.
        unsafe { sys::napi_create_reference(env.raw(), value.raw(), 1, &mut raw) };
        Self { env: env.raw(), raw }
    }

    pub(crate) fn get<'e>(&self, env: &'e Env) -> Value<'e> {
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` takes the result; a null reference is refused.
        let status = unsafe { sys::napi_get_reference_value(env.raw(), self.raw, &mut raw) };
        checked(env, status, raw).unwrap_or_else(|_| undefined(env))
    }
}

impl Drop for Persistent {
    fn drop(&mut self) {
        // SAFETY: dropped on the thread of its environment, at the latest when that ends: Node-API lets
        // references be deleted until then. A null reference is refused.
        unsafe { sys::napi_delete_reference(self.env, self.raw) };
    }
}

/// The means to settle one promise: napi's own deferred brings a threadsafe function for each promise, the
/// largest cost of a call. Null where no promise could be made.
pub(crate) struct Deferred(sys::napi_deferred, PhantomData<*mut ()>);

/// A new promise, and the means to settle it. One that is never settled is lost with its environment.
pub(crate) fn promise(env: &Env) -> (Deferred, Value<'_>) {
    let (mut deferred, mut raw) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: both take a result, and stay null where there is none.
    let status = unsafe { sys::napi_create_promise(env.raw(), &mut deferred, &mut raw) };
    let promise = checked(env, status, raw).unwrap_or_else(|_| undefined(env));
    (Deferred(deferred, PhantomData), promise)
}

impl Deferred {
    pub(crate) fn resolve(self, env: &Env, to: Value<'_>) {
        self.conclude(env, sys::napi_resolve_deferred, to);
    }

    pub(crate) fn reject(self, env: &Env, with: Value<'_>) {
        self.conclude(env, sys::napi_reject_deferred, with);
    }

    fn conclude(
        self,
        env: &Env,
        conclude: unsafe fn(sys::napi_env, sys::napi_deferred, sys::napi_value) -> sys::napi_status,
        value: Value<'_>,
    ) {
        if !self.0.is_null() {
            // SAFETY: a deferred is used once: `self` is consumed.
            unsafe { conclude(env.raw(), self.0, value.raw()) };
        }
    }
}

/// Lets the event loop end, or not, while `function` could still be called.
pub(crate) fn hold_event_loop(env: &Env, function: sys::napi_threadsafe_function, hold: bool) {
    // SAFETY: called on the thread of the environment, while that lives and so the function.
    unsafe {
        if hold {
            sys::napi_ref_threadsafe_function(env.raw(), function);
        } else {
            sys::napi_unref_threadsafe_function(env.raw(), function);
        }
    }
}
