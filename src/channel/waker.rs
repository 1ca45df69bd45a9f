//! A waker for a JavaScript thread.

use napi::Status;
use napi::bindgen_prelude::Function;
use napi::sys::napi_threadsafe_function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use session_ingress_core::channel::Wake;

/// Calls a function on the JavaScript thread. Weak by default: the environment decides when it holds the event loop
/// open.
pub(crate) struct Waker(ThreadsafeFunction<(), (), (), Status, false, true>);

impl Waker {
    pub(crate) fn new(function: &Function<'_, (), ()>) -> napi::Result<Self> {
        function.build_threadsafe_function::<()>().weak::<true>().callee_handled::<false>().build().map(Self)
    }

    pub(crate) fn raw(&self) -> napi_threadsafe_function {
        self.0.raw()
    }
}

impl Wake for Waker {
    fn wake(&self) {
        self.0.call((), ThreadsafeFunctionCallMode::NonBlocking);
    }
}
