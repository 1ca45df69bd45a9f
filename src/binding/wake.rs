//! When the JavaScript thread is woken.
//!
//! Waking a thread costs both sides more than most of what is delivered. What a runtime thread has for
//! JavaScript therefore waits until that thread has nothing else to do, and goes in one wake-up.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::settle::Channel;
use crate::ingress::Hooks;
use crate::sync::thread_local;

thread_local! {
    static IS_RUNTIME: Cell<bool> = const { Cell::new(false) };
    /// Channels with something to deliver whose JavaScript thread does not know yet.
    static WAITING: RefCell<Vec<Arc<Channel>>> = const { RefCell::new(Vec::new()) };
}

pub(super) const HOOKS: Hooks =
    Hooks { on_start: || IS_RUNTIME.with(|is| is.set(true)), when_idle: wake_all };

/// Wakes the thread of `channel` when this one has nothing else to do; false where this is no runtime thread.
pub(super) fn later(channel: &Arc<Channel>) -> bool {
    let is_runtime = IS_RUNTIME.with(Cell::get);
    if is_runtime {
        WAITING.with(|waiting| waiting.borrow_mut().push(channel.clone()));
    }
    is_runtime
}

fn wake_all() {
    for channel in WAITING.with(RefCell::take) {
        channel.wake();
    }
}
