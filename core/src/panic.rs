//! What a panic becomes: a text with file and line, for the error of the operation that it ended.
//!
//! Each copy of `std` has a hook of its own, so that the panics of other addons are not concerned.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};

use futures_util::FutureExt;

thread_local! {
    /// The last panic of this thread.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps text and location of panics for [`last_panic`] instead of printing them: the terminal is the host's.
pub fn keep_panics() {
    set_hook(Box::new(|panic| LAST.with(|last| *last.borrow_mut() = Some(described(panic)))));
}

fn described(panic: &PanicHookInfo<'_>) -> String {
    let text = text_of(panic.payload());
    match panic.location() {
        Some(location) => format!("{text} ({}:{})", location.file(), location.line()),
        None => text.to_owned(),
    }
}

fn text_of(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("panic")
}

/// The text of the panic that this thread unwinds from, or has just caught; taken once.
pub fn last_panic() -> Option<String> {
    LAST.with(|last| last.borrow_mut().take())
}

/// Calls `work`; a panic in it is an `Err` with the panic's text.
///
/// What `work` borrows may be left half-changed by a panic: state is changed in single steps, and cells are
/// borrowed for these only.
pub fn catch_panic<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| caught(&*payload))
}

/// Runs `work`; a panic in it is an `Err` with the panic's text. Queues and heads are changed in single steps under
/// their locks.
// Of combinators: an `async fn` would have room for `work` twice, and it is moved with all its room.
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
    async fn a_panic_becomes_an_error() {
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
    fn a_caught_future_takes_no_more_room() {
        let work = async {
            let room = [0_u8; 1000];
            tokio::task::yield_now().await;
            room.len()
        };
        let size = size_of_val(&work);
        assert!(size_of_val(&catch_panic_async(work)) <= size + 64);
    }
}
