//! The one tokio runtime of the process.

use std::io;
use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle, Runtime};

/// Maximum number of threads for blocking work: looking up host names and reading files.
const MAX_BLOCKING_THREADS: usize = 8;

/// The handle of the runtime, which starts at the first call; an error where the system refuses a thread. It lives
/// as long as the process, because environments come and go.
///
/// One worker thread: an operation is a chain of short steps, and a hop to another thread costs more than a step.
pub fn runtime() -> io::Result<&'static Handle> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime.handle());
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(MAX_BLOCKING_THREADS)
        .thread_name("session-ingress")
        .enable_all()
        .build()?;
    // Two environments may get here at the same time: the second runtime is dropped unused.
    Ok(RUNTIME.get_or_init(|| runtime).handle())
}
