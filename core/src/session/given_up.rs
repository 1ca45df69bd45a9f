//! The end of all appends of an instance that has shut down.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{Either, select};
use tokio::sync::Notify;

/// Says that the appends of an instance are given up.
#[derive(Default)]
pub struct GivenUp {
    is: AtomicBool,
    changed: Notify,
}

impl GivenUp {
    /// Ends all work that [`unless`](Self::unless) waits for.
    pub fn give_up(&self) {
        self.is.store(true, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    /// Waits for `work`; `None` where that is given up before or meanwhile.
    // By reference: an `async fn` that takes a future keeps room for it twice, and moves it with all its memory.
    pub async fn unless<F: Future>(&self, work: Pin<&mut F>) -> Option<F::Output> {
        let mut changed = pin!(self.changed.notified());
        changed.as_mut().enable();
        if self.is.load(Ordering::SeqCst) {
            return None;
        }
        match select(work, changed).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    #[tokio::test]
    async fn work_ends_where_it_is_given_up_before_or_meanwhile() {
        let given_up = GivenUp::default();
        assert_eq!(given_up.unless(pin!(ready(1))).await, Some(1));
        let endless = pin!(pending::<()>());
        let ((), ended) = tokio::join!(async { given_up.give_up() }, given_up.unless(endless));
        assert_eq!(ended, None);
        assert_eq!(given_up.unless(pin!(ready(1))).await, None);
    }
}
