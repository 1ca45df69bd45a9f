//! The moment at which the receiving thread is woken.
//!
//! Waking a thread costs both sides more than most messages do. So one wake-up is to deliver all that is ready: a task of
//! the runtime wakes another thread after the tasks that are ready, and the network, have had a turn. It does not wait until
//! the runtime is idle, which may not be for long.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::task::yield_now;

/// Wakes the receiving thread of a channel.
pub trait Wake: Send + Sync {
    fn wake(&self);
}

/// Calls `waker` once the tasks that are ready and the network have had a turn; at once where this is not a thread of the
/// runtime.
pub(super) fn wake_soon(waker: &Arc<dyn Wake>) {
    let Ok(runtime) = Handle::try_current() else { return waker.wake() };
    let waker = Arc::clone(waker);
    runtime.spawn(async move {
        yield_now().await;
        waker.wake();
    });
}
