//! Reads that are wanted no more.

use std::pin::pin;

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
pub(crate) async fn unless_cancelled<T>(cancelled: Cancelled, work: impl Future<Output = T>) -> Option<T> {
    // In this order: one that was cancelled before it began sends nothing.
    match select(pin!(cancelled), pin!(work)).await {
        Either::Left(_) => None,
        Either::Right((done, _)) => Some(done),
    }
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
