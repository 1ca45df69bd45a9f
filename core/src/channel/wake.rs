//! The moment at which the receiving thread is woken.
//!
//! Waking a thread costs both sides more than most messages do. So one wake-up is to deliver all that is ready: a task of
//! the runtime wakes another thread after the tasks that are ready already have had a turn. It does not wait until the
//! runtime is idle, which may not be for long.

use std::future::poll_fn;
use std::mem;
use std::sync::Arc;
use std::task::Poll;

use tokio::runtime::Handle;

/// Wakes the receiving thread of a channel.
pub trait Wake: Send + Sync {
    fn wake(&self);
}

/// Calls `waker` once the tasks that are ready have had a turn; at once where this is not a thread of the runtime.
pub(super) fn wake_soon(waker: &Arc<dyn Wake>) {
    let Ok(runtime) = Handle::try_current() else { return waker.wake() };
    let (waker, mut had_turn) = (Arc::clone(waker), false);
    runtime.spawn(poll_fn(move |context| {
        if mem::replace(&mut had_turn, true) {
            waker.wake();
            return Poll::Ready(());
        }
        // A task that wakes itself goes behind those that are ready; a new one would go before them.
        context.waker().wake_by_ref();
        Poll::Pending
    }));
}
