//! The moment at which the receiving thread is woken.
//!
//! Waking a thread costs both sides more than most messages do. So a thread of the runtime wakes others only when it
//! has nothing else to do, and one wake-up delivers everything.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::sync::thread_local;

/// Wakes the receiving thread of a channel.
pub trait Wake: Send + Sync {
    fn wake(&self);
}

/// Functions that the runtime calls on its threads.
pub struct RuntimeHooks {
    pub on_thread_start: fn(),
    /// Called before a thread goes to sleep.
    pub on_thread_park: fn(),
}

/// Hooks that mark the threads of the runtime, and wake receiving threads when the runtime is idle.
pub const RUNTIME_HOOKS: RuntimeHooks =
    RuntimeHooks { on_thread_start: || IS_RUNTIME.with(|is| is.set(true)), on_thread_park: wake_all };

thread_local! {
    static IS_RUNTIME: Cell<bool> = const { Cell::new(false) };
    /// Wakers of threads with queued items that were not woken yet.
    static WAITING: RefCell<Vec<Arc<dyn Wake>>> = const { RefCell::new(Vec::new()) };
}

/// Calls `waker` when this thread has nothing else to do; false where this is not a thread of the runtime.
pub(super) fn when_idle(waker: &Arc<dyn Wake>) -> bool {
    let is_runtime = IS_RUNTIME.with(Cell::get);
    if is_runtime {
        WAITING.with(|waiting| waiting.borrow_mut().push(waker.clone()));
    }
    is_runtime
}

fn wake_all() {
    for waker in WAITING.with(RefCell::take) {
        waker.wake();
    }
}
