//! When the thread at the far end is woken.
//!
//! Waking a thread costs both sides more than most of what is delivered. What a runtime thread has for
//! JavaScript therefore waits until that thread has nothing else to do, and goes in one wake-up.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::sync::thread_local;

/// Wakes the thread at the far end of a channel.
pub trait Wake: Send + Sync {
    fn wake(&self);
}

/// Functions that the runtime calls on its threads.
pub struct RuntimeHooks {
    pub on_thread_start: fn(),
    /// Before a thread goes to sleep.
    pub on_thread_park: fn(),
}

pub const RUNTIME_HOOKS: RuntimeHooks =
    RuntimeHooks { on_thread_start: || IS_RUNTIME.with(|is| is.set(true)), on_thread_park: wake_all };

thread_local! {
    static IS_RUNTIME: Cell<bool> = const { Cell::new(false) };
    /// Wakers of threads that have something to take and do not know it yet.
    static WAITING: RefCell<Vec<Arc<dyn Wake>>> = const { RefCell::new(Vec::new()) };
}

/// Calls `waker` when this thread has nothing else to do; false where this is no runtime thread.
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
