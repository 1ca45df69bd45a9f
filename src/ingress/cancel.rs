//! Reads that are wanted no more.

use futures_util::FutureExt;
use futures_util::future::{Either, select};
use tokio::sync::oneshot;

/// Tells a read that nobody wants it any more: when it is told so, or when this is dropped.
pub(crate) type Cancel = oneshot::Sender<()>;

/// A read's end of a [`Cancel`].
pub(crate) type Cancelled = oneshot::Receiver<()>;

/// What can cancel a read, and what tells the read.
pub(crate) fn cancellation() -> (Cancel, Cancelled) {
    oneshot::channel()
}

/// What `work` comes to. `None` where it was cancelled first: then it is gone when this returns, and with it
/// its connection and its place among the requests.
pub(crate) fn unless_cancelled<F: Future>(
    cancelled: Cancelled,
    work: F,
) -> impl Future<Output = Option<F::Output>> {
    // In this order: one that was cancelled before it began sends nothing. Boxed: a task is moved with all the
    // room that it has, and reads need much.
    select(cancelled, Box::pin(work)).map(|first| match first {
        Either::Left(_) => None,
        Either::Right((done, _)) => Some(done),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    #[tokio::test]
    async fn what_is_not_cancelled_comes_to_its_end() {
        let (_cancel, cancelled) = cancellation();
        assert_eq!(unless_cancelled(cancelled, async { 7 }).await, Some(7));
    }

    #[tokio::test]
    async fn what_is_cancelled_ends_at_once() {
        let (cancel, cancelled) = cancellation();
        let work = tokio::spawn(unless_cancelled(cancelled, pending::<()>()));
        tokio::task::yield_now().await;
        cancel.send(()).unwrap();
        assert_eq!(work.await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_was_cancelled_before_it_began_never_begins() {
        let (cancel, cancelled) = cancellation();
        drop(cancel);
        assert_eq!(unless_cancelled(cancelled, async { panic!("it began") }).await, None::<()>);
    }
}
