//! A panic becomes a failed operation.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

/// Runs `work`; a panic in it is an `Err` with the panic's text.
///
/// What `work` borrows may be left half-changed by a panic: it must hold no invariant across a step that
/// can panic. Queues and heads are changed in single steps under their locks.
// Of combinators: an `async fn` would have room for `work` twice, and it is moved with all its room.
pub(crate) fn guarded<F: Future>(work: F) -> impl Future<Output = Result<F::Output, String>> {
    AssertUnwindSafe(work).catch_unwind().map(|done| done.map_err(|panic| panic_text(&*panic)))
}

/// The text that a panic was raised with.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panic".to_owned())
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
        let done: Result<(), _> = guarded(panicking).await;
        assert_eq!(done, Err("number 7".into()));
        assert_eq!(guarded(async { 7 }).await, Ok(7));
    }

    #[test]
    fn what_is_guarded_takes_no_more_room() {
        let work = async {
            let room = [0_u8; 1000];
            tokio::task::yield_now().await;
            room.len()
        };
        let size = size_of_val(&work);
        assert!(size_of_val(&guarded(work)) <= size + 64);
    }
}
