//! Calls from other threads.

use std::ffi::c_void;
use std::ptr;
use std::sync::{Arc, Weak};

use napi::threadsafe_function::ThreadsafeFunctionHandle;
use napi::{Env, JsValue, sys};

use super::{Value, string};

/// A function that any thread can call. It does not hold the event loop open until it is told to.
///
/// napi's own `ThreadsafeFunction` takes no resource, by which tools that list open handles see whether it holds the event
/// loop.
pub(crate) struct ThreadsafeFunction(Arc<ThreadsafeFunctionHandle>);

impl ThreadsafeFunction {
    /// `resource` stands for the function in `async_hooks`, under `name`.
    pub(crate) fn new(env: &Env, function: Value<'_>, resource: Value<'_>, name: &str) -> Option<Self> {
        unsafe extern "C" fn ended(_: sys::napi_env, data: *mut c_void, _: *mut c_void) {
            // SAFETY: the pointer that was passed below, and that comes back once.
            let handle = unsafe { Weak::from_raw(data.cast_const().cast::<ThreadsafeFunctionHandle>()) };
            if let Some(handle) = handle.upgrade() {
                handle.with_write_aborted(|mut aborted| *aborted = true);
            }
        }
        let handle = ThreadsafeFunctionHandle::null();
        let data = Arc::downgrade(&handle).into_raw();
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` receives the result. `data` is given back to `ended`, or freed here.
        unsafe {
            let status = sys::napi_create_threadsafe_function(
                env.raw(),
                function.raw(),
                resource.raw(),
                string(env, name).raw(),
                0,
                1,
                data.cast_mut().cast(),
                Some(ended),
                ptr::null_mut(),
                None,
                &mut raw,
            );
            if status != sys::Status::napi_ok {
                drop(Weak::from_raw(data));
                return None;
            }
            sys::napi_unref_threadsafe_function(env.raw(), raw);
        }
        handle.set_raw(raw);
        Some(Self(handle))
    }

    /// Calls the function on its thread, later; does nothing where its environment has ended.
    pub(crate) fn call(&self) {
        self.0.with_read_aborted(|aborted| {
            if !aborted {
                let mode = sys::ThreadsafeFunctionCallMode::nonblocking;
                // SAFETY: lives as long as it is not aborted, which the lock keeps it from.
                unsafe { sys::napi_call_threadsafe_function(self.0.get_raw(), ptr::null_mut(), mode) };
            }
        });
    }

    /// Sets whether it holds the event loop open.
    pub(crate) fn hold_event_loop(&self, env: &Env, hold: bool) {
        self.0.with_read_aborted(|aborted| {
            if aborted {
                return;
            }
            // SAFETY: called on the thread of the environment; it lives, as above.
            unsafe {
                if hold {
                    sys::napi_ref_threadsafe_function(env.raw(), self.0.get_raw());
                } else {
                    sys::napi_unref_threadsafe_function(env.raw(), self.0.get_raw());
                }
            }
        });
    }
}
