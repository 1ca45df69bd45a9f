//! Wakes a thread of loom's in the place of the JavaScript thread.

use loom::sync::Notify;

pub(super) struct Waker(Notify);

impl Default for Waker {
    fn default() -> Self {
        Self(Notify::new())
    }
}

impl Waker {
    pub(super) fn wake(&self) {
        self.0.notify();
    }

    /// Until it was woken since this returned the last time.
    pub(super) fn wait(&self) {
        self.0.wait();
    }
}
