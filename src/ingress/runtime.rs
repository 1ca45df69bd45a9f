//! The one tokio runtime of the process.

use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle, Runtime};

/// Host names are looked up on threads of their own, so many at once.
const MAX_LOOKUPS: usize = 8;

/// What is called on the runtime's threads.
pub(crate) struct Hooks {
    /// When a thread has started.
    pub(crate) on_start: fn(),
    /// When a thread has nothing to do: before it goes to sleep.
    pub(crate) when_idle: fn(),
}

/// Starts the runtime at the first call. It lives as long as the process: environments come and go.
///
/// One worker thread: an operation is a chain of short steps, and each hop to another thread costs more
/// than the step.
pub(crate) fn runtime(hooks: Hooks) -> std::io::Result<&'static Handle> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime.handle());
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(MAX_LOOKUPS)
        .thread_name("session-ingress")
        .on_thread_start(hooks.on_start)
        .on_thread_park(hooks.when_idle)
        .enable_all()
        .build()?;
    // Two environments may get here at once: the second runtime has nothing to do and ends.
    Ok(RUNTIME.get_or_init(|| runtime).handle())
}
