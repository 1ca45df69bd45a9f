//! Cancellation of reads.

use futures_util::FutureExt;
use futures_util::future::{Either, select};
use tokio::sync::oneshot;

use crate::report::{Operation, Reporter, ReporterExt};

/// Cancels a read: by a message, or when it is dropped.
pub type Cancel = oneshot::Sender<()>;

/// The end of a [`Cancel`] that the read holds.
pub type Cancelled = oneshot::Receiver<()>;

/// The two ends of a cancellation.
pub fn cancellation() -> (Cancel, Cancelled) {
    oneshot::channel()
}

/// The result of `work`; `None` where it was cancelled first. `work` is then dropped when this returns, with its
/// connection and its permit. A cancelled read is not a failure, and not reported as one.
pub(super) fn unless_cancelled<F: Future>(
    cancelled: Cancelled,
    work: F,
    operation: Operation,
    reporter: &dyn Reporter,
) -> impl Future<Output = Option<F::Output>> {
    // `cancelled` is polled first, so that a read that was cancelled before it began sends nothing. Boxed, because a
    // task is moved with all its memory, and a read needs much.
    select(cancelled, Box::pin(work)).map(move |first| match first {
        Either::Left(_) => {
            reporter.debug(|| format!("Cancelled: {operation}"));
            None
        }
        Either::Right((done, _)) => Some(done),
    })
}

/// Waits for `work`; true where it was cancelled first.
pub(super) async fn is_cancelled_during(cancelled: &mut Cancelled, work: impl Future<Output = ()>) -> bool {
    matches!(select(cancelled, Box::pin(work)).await, Either::Left(_))
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
    async fn work_that_is_not_cancelled_gives_its_result() {
        let (_cancel, cancelled) = cancellation();
        assert_eq!(unless(cancelled, async { 7 }).await, Some(7));
    }

    #[tokio::test]
    async fn work_that_is_cancelled_ends_at_once() {
        let (cancel, cancelled) = cancellation();
        let work = tokio::spawn(unless(cancelled, pending::<()>()));
        tokio::task::yield_now().await;
        cancel.send(()).unwrap();
        assert_eq!(work.await.unwrap(), None);
    }

    #[tokio::test]
    async fn work_that_was_cancelled_before_it_began_never_begins() {
        let (cancel, cancelled) = cancellation();
        drop(cancel);
        assert_eq!(unless(cancelled, async { panic!("it began") }).await, None::<()>);
    }
}
