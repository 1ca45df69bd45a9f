//! Panics caught and described, with file and line, for the error of the operation that they ended.
//!
//! Each copy of `std` has its own panic hook, so the panics of other addons are not affected.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};

use futures_util::FutureExt;

thread_local! {
    /// The last panic of this thread.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps text and location of panics for [`last_panic`], and prints nothing: the terminal belongs to the host.
pub fn keep_panics() {
    set_hook(Box::new(|panic| LAST.with(|last| *last.borrow_mut() = Some(describe(panic)))));
}

fn describe(panic: &PanicHookInfo<'_>) -> String {
    let text = text_of(panic.payload());
    match panic.location() {
        Some(location) => format!("{text} ({}:{})", location.file(), location.line()),
        None => text.to_owned(),
    }
}

pub(crate) fn text_of(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("panic")
}

/// Takes the text of the panic that this thread unwinds from, or has just caught. The next call returns `None`.
pub fn last_panic() -> Option<String> {
    LAST.with(|last| last.borrow_mut().take())
}

/// Calls `work`; a panic in it is an `Err` with the panic's text.
///
/// A panic could leave behind a half-changed value that `work` borrows. So callers change state in single steps,
/// and borrow cells for one step only.
pub fn catch_panic<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| caught(&*payload))
}

/// Runs `work`; a panic in it is an `Err` with the panic's text. Queues and heads are changed in single steps under
/// their locks.
// Combinators, because the future of an `async fn` would hold `work` twice, and it is moved with all its memory.
pub(crate) fn catch_panic_async<F: Future>(work: F) -> impl Future<Output = Result<F::Output, String>> {
    AssertUnwindSafe(work).catch_unwind().map(|done| done.map_err(|payload| caught(&*payload)))
}

fn caught(payload: &(dyn Any + Send)) -> String {
    last_panic().unwrap_or_else(|| text_of(payload).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_an_error_with_its_text() {
        let panicking = async {
            tokio::task::yield_now().await;
            panic!("number {}", 7)
        };
        let done: Result<(), _> = catch_panic_async(panicking).await;
        assert!(done.unwrap_err().starts_with("number 7"));
        assert_eq!(catch_panic_async(async { 7 }).await, Ok(7));
        assert_eq!(catch_panic(|| 7), Ok(7));
    }

    /// Guards the memory of queued appends and of reads.
    #[test]
    fn catching_panics_of_a_future_adds_at_most_64_bytes_to_it() {
        let work = async {
            let buffer = [0_u8; 1000];
            tokio::task::yield_now().await;
            buffer.len()
        };
        let size = size_of_val(&work);
        assert!(size_of_val(&catch_panic_async(work)) <= size + 64);
    }
}
