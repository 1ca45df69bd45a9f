//! Handles that outlive a call from JavaScript: references, and promises.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr;

use napi::{Env, JsValue, sys};
use session_ingress_core::panic::catch_panic;

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

/// A reference that keeps an object alive only while it is held, which it is not at first.
pub(crate) struct Holdable(Persistent);

impl Holdable {
    pub(crate) fn new(env: &Env, value: Value<'_>) -> Self {
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` receives the result, and stays null where the call fails.
        unsafe { sys::napi_create_reference(env.raw(), value.raw(), 0, &mut raw) };
        Self(Persistent { env: env.raw(), raw })
    }

    /// The object; `undefined` where it was collected.
    pub(crate) fn get<'e>(&self, env: &'e Env) -> Value<'e> {
        self.0.get(env)
    }

    /// Holds the object, or lets go of it. Calls nest.
    pub(crate) fn hold(&self, hold: bool) {
        let mut count = 0;
        // SAFETY: on the thread of the environment, as the owner is. Node-API refuses a null reference, and a count below
        // zero.
        unsafe {
            if hold {
                sys::napi_reference_ref(self.0.env, self.0.raw, &mut count);
            } else {
                sys::napi_reference_unref(self.0.env, self.0.raw, &mut count);
            }
        }
    }
}

/// Marks an object with a number above zero; when it is collected, calls `on_collected`, which must not run JavaScript.
pub(crate) fn mark(env: &Env, object: Value<'_>, mark: usize, on_collected: impl FnOnce() + 'static) {
    unsafe extern "C" fn collected(_: sys::napi_env, _: *mut c_void, hint: *mut c_void) {
        // SAFETY: the pointer that was passed below, and that comes back once.
        let on_collected = unsafe { Box::from_raw(hint.cast::<Box<dyn FnOnce()>>()) };
        catch_panic(on_collected).ok();
    }
    let on_collected: Box<Box<dyn FnOnce()>> = Box::new(Box::new(on_collected));
    let hint = Box::into_raw(on_collected);
    // SAFETY: the mark is never used as a pointer. `hint` is given back to `collected`, or freed here.
    unsafe {
        let mark = ptr::without_provenance_mut(mark);
        let status =
            sys::napi_wrap(env.raw(), object.raw(), mark, Some(collected), hint.cast(), ptr::null_mut());
        if status != sys::Status::napi_ok {
            drop(Box::from_raw(hint));
        }
    }
}

/// The mark of an object; that of another addon's object is of no meaning.
pub(crate) fn marked(env: &Env, object: Value<'_>) -> Option<usize> {
    let mut mark = ptr::null_mut();
    // SAFETY: `mark` receives the result, which is not used as a pointer.
    let status = unsafe { sys::napi_unwrap(env.raw(), object.raw(), &mut mark) };
    (status == sys::Status::napi_ok).then(|| mark.addr())
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
