//! Reads that are not wanted any more.

use futures_util::FutureExt;
use futures_util::future::{Either, select};
use tokio::sync::oneshot;

use crate::report::{Operation, Reporter, ReporterExt};

/// Tells a read that nobody wants it any more: by a message, or by being dropped.
pub type Cancel = oneshot::Sender<()>;

/// A read's end of a [`Cancel`].
pub type Cancelled = oneshot::Receiver<()>;

pub fn cancellation() -> (Cancel, Cancelled) {
    oneshot::channel()
}

/// The result of `work`; `None` where it was cancelled first. Then it is gone when this returns, and with it
/// its connection and its permit. That is no failure, and not reported as one.
pub(super) fn unless_cancelled<F: Future>(
    cancelled: Cancelled,
    work: F,
    operation: Operation,
    reporter: &dyn Reporter,
) -> impl Future<Output = Option<F::Output>> {
    // In this order: one that was cancelled before it began sends nothing. Boxed: a task is moved with all the
    // room that it has, and reads need much.
    select(cancelled, Box::pin(work)).map(move |first| match first {
        Either::Left(_) => {
            reporter.debug(|| format!("Cancelled: {operation}"));
            None
        }
        Either::Right((done, _)) => Some(done),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::script::Recorder;
    use std::future::pending;

    async fn unless<F: Future>(cancelled: Cancelled, work: F) -> Option<F::Output> {
        unless_cancelled(cancelled, work, Operation::ReadLog, &Recorder::default()).await
    }

    #[tokio::test]
    async fn what_is_not_cancelled_comes_to_its_end() {
        let (_cancel, cancelled) = cancellation();
        assert_eq!(unless(cancelled, async { 7 }).await, Some(7));
    }

    #[tokio::test]
    async fn what_is_cancelled_ends_at_once() {
        let (cancel, cancelled) = cancellation();
        let work = tokio::spawn(unless(cancelled, pending::<()>()));
        tokio::task::yield_now().await;
        cancel.send(()).unwrap();
        assert_eq!(work.await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_was_cancelled_before_it_began_never_begins() {
        let (cancel, cancelled) = cancellation();
        drop(cancel);
        assert_eq!(unless(cancelled, async { panic!("it began") }).await, None::<()>);
    }
}
