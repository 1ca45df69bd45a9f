//! The tokio runtime of the process, and the one that stands in for it while it cannot be made.

use std::cell::Cell;
use std::io;
use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::panic::catch_panic;

/// Maximum number of threads for blocking work: looking up host names and reading files.
const MAX_BLOCKING_THREADS: usize = 8;

thread_local! {
    static IS_WITHOUT_IO: Cell<bool> = const { Cell::new(false) };
}

/// The handle of the runtime, which starts at the first call. It lives as long as the process, because environments
/// come and go.
///
/// Sockets need file descriptors. Where none is free, this is a runtime with timers alone, so that operations wait for
/// their next attempts as they do without a network; requests look for the other one by `io_runtime`. An error where
/// the system refuses a thread as well.
///
/// One worker thread: an operation is a chain of short steps, and a hop to another thread costs more than a step.
pub fn runtime() -> io::Result<&'static Handle> {
    static WITHOUT_IO: OnceLock<Runtime> = OnceLock::new();
    let builder = || {
        let mut builder = builder();
        builder.enable_time().on_thread_start(|| IS_WITHOUT_IO.set(true));
        builder
    };
    with_io().or_else(|_| started(&WITHOUT_IO, builder))
}

/// The runtime on which a request has to be sent, where that is not the current one; an error while there is none.
pub(crate) fn io_runtime() -> io::Result<Option<&'static Handle>> {
    if IS_WITHOUT_IO.get() { with_io().map(Some) } else { Ok(None) }
}

fn with_io() -> io::Result<&'static Handle> {
    static WITH_IO: OnceLock<Runtime> = OnceLock::new();
    started(&WITH_IO, || {
        let mut builder = builder();
        builder.enable_all();
        builder
    })
}

fn builder() -> Builder {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).max_blocking_threads(MAX_BLOCKING_THREADS).thread_name("session-ingress");
    builder
}

fn started(
    slot: &'static OnceLock<Runtime>,
    builder: impl FnOnce() -> Builder,
) -> io::Result<&'static Handle> {
    if let Some(runtime) = slot.get() {
        return Ok(runtime.handle());
    }
    // tokio panics where the system refuses a thread.
    let runtime = catch_panic(|| builder().build()).map_err(io::Error::other)??;
    // Two threads may get here at the same time. The second runtime ends unused, and not by being dropped, because
    // tokio panics where a task of another runtime does that.
    if let Err(second) = slot.set(runtime) {
        second.shutdown_background();
    }
    slot.get().map(Runtime::handle).ok_or_else(|| io::Error::other("no runtime was made"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_makes_a_runtime_second_gets_the_first_one() {
        static SLOT: OnceLock<Runtime> = OnceLock::new();
        let made_meanwhile = || {
            SLOT.set(builder().build().unwrap()).unwrap();
            builder()
        };
        let second = started(&SLOT, made_meanwhile).unwrap();
        assert_eq!(second.id(), SLOT.get().unwrap().handle().id());
    }
}
