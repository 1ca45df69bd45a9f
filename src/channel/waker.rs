//! A waker for a JavaScript thread.

use napi::Env;
use session_ingress_core::channel::Wake;

use crate::js::{ThreadsafeFunction, Value};

/// Calls a function on the JavaScript thread. The environment decides when it holds the event loop open.
pub(crate) struct Waker(ThreadsafeFunction);

impl Waker {
    /// `resource` stands for it in `async_hooks`.
    pub(crate) fn new(env: &Env, function: Value<'_>, resource: Value<'_>) -> Option<Self> {
        ThreadsafeFunction::new(env, function, resource, "session-ingress").map(Self)
    }

    /// Sets whether it holds the event loop open.
    pub(crate) fn hold_event_loop(&self, env: &Env, hold: bool) {
        self.0.hold_event_loop(env, hold);
    }
}

impl Wake for Waker {
    fn wake(&self) {
        self.0.call();
    }
}
