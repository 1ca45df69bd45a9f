//! Handles that outlive a call from JavaScript: references, promises, the event loop.

use std::marker::PhantomData;
use std::ptr;

use napi::{Env, JsValue, sys};

use super::{Value, checked, undefined};

/// A reference that keeps an object alive until it is dropped; napi's own references must be deleted by hand.
pub(crate) struct Persistent {
    env: sys::napi_env,
    raw: sys::napi_ref,
}

impl Persistent {
    /// `value` must be an object or a function.
    pub(crate) fn new(env: &Env, value: Value<'_>) -> Self {
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` receives the result, and stays null where the call fails.
        unsafe { sys::napi_create_reference(env.raw(), value.raw(), 1, &mut raw) };
        Self { env: env.raw(), raw }
    }

    pub(crate) fn get<'e>(&self, env: &'e Env) -> Value<'e> {
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` receives the result; Node-API refuses a null reference.
        let status = unsafe { sys::napi_get_reference_value(env.raw(), self.raw, &mut raw) };
        checked(env, status, raw).unwrap_or_else(|_| undefined(env))
    }
}

impl Drop for Persistent {
    fn drop(&mut self) {
        // SAFETY: dropped on the thread of its environment, at the latest when that ends; until then, Node-API allows
        // references to be deleted. It refuses a null reference.
        unsafe { sys::napi_delete_reference(self.env, self.raw) };
    }
}

/// Settles one promise. napi's own deferred makes a threadsafe function for each promise, which would be the largest
/// cost of a call. Null where no promise could be made.
pub(crate) struct Deferred(sys::napi_deferred, PhantomData<*mut ()>);

/// A new promise, and the deferred that settles it. A deferred that never settles is freed with its environment.
pub(crate) fn promise(env: &Env) -> (Deferred, Value<'_>) {
    let (mut deferred, mut raw) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: both receive a result, and stay null where the call fails.
    let status = unsafe { sys::napi_create_promise(env.raw(), &mut deferred, &mut raw) };
    let promise = checked(env, status, raw).unwrap_or_else(|_| undefined(env));
    (Deferred(deferred, PhantomData), promise)
}

impl Deferred {
    pub(crate) fn resolve(self, env: &Env, value: Value<'_>) {
        self.conclude(env, sys::napi_resolve_deferred, value);
    }

    pub(crate) fn reject(self, env: &Env, reason: Value<'_>) {
        self.conclude(env, sys::napi_reject_deferred, reason);
    }

    fn conclude(
        self,
        env: &Env,
        conclude: unsafe fn(sys::napi_env, sys::napi_deferred, sys::napi_value) -> sys::napi_status,
        value: Value<'_>,
    ) {
        if self.0.is_null() {
            return;
        }
        // SAFETY: a deferred is used only once, because `self` is consumed. Where an exception is pending, Node-API has
        // not used it.
        let status = unsafe { conclude(env.raw(), self.0, value.raw()) };
        if status == sys::Status::napi_pending_exception {
            // Of whoever left it there; the promise has to settle all the same.
            checked(env, status, ptr::null_mut()).ok();
            // SAFETY: as above.
            unsafe { conclude(env.raw(), self.0, value.raw()) };
        }
    }
}

/// Sets whether `function` holds the event loop open.
pub(crate) fn hold_event_loop(env: &Env, function: sys::napi_threadsafe_function, hold: bool) {
    // SAFETY: called on the thread of the environment, which lives as long as the function.
    unsafe {
        if hold {
            sys::napi_ref_threadsafe_function(env.raw(), function);
        } else {
            sys::napi_unref_threadsafe_function(env.raw(), function);
        }
    }
}
