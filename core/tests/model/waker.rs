//! A waker for a loom thread, which stands in for the JavaScript thread.

use loom::sync::Notify;
use session_ingress_core::channel::Wake;

pub(crate) struct Waker(Notify);

impl Default for Waker {
    fn default() -> Self {
        Self(Notify::new())
    }
}

impl Wake for Waker {
    fn wake(&self) {
        self.0.notify();
    }
}

impl Waker {
    /// Waits until the thread is woken; returns at once where it was woken since the last call.
    pub(crate) fn wait(&self) {
        self.0.wait();
    }
}
