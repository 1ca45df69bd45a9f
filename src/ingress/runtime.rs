//! The one tokio runtime of the process.

use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle, Runtime};

/// Host names are looked up on threads of their own, so many at once.
const MAX_LOOKUPS: usize = 8;

/// Starts the runtime at the first call. It lives as long as the process: environments come and go.
///
/// One worker thread: an operation is a chain of short steps, and each hop to another thread costs more
/// than the step.
pub(crate) fn runtime() -> std::io::Result<&'static Handle> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime.handle());
    }
    // Panics are caught and reported to the host; its terminal is not ours to write on.
    std::panic::set_hook(Box::new(|_| {}));
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(MAX_LOOKUPS)
        .thread_name("session-ingress")
        .enable_all()
        .build()?;
    // Two environments may get here at once: the second runtime has nothing to do and ends.
    Ok(RUNTIME.get_or_init(|| runtime).handle())
}
