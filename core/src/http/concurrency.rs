//! How many requests are in flight at once in the process.

use std::sync::{Mutex, OnceLock, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

/// From specification.md, section 8: a thousand sessions must not cost a thousand sockets.
pub const DEFAULT_MAX_CONCURRENT_REQUESTS: usize = 128;

/// More than any process has sockets; fits what a semaphore takes and gives at once.
const MAX_LIMIT: usize = 1 << 28;

/// The limit of this process.
pub fn concurrency_limit() -> &'static ConcurrencyLimit {
    static LIMIT: OnceLock<ConcurrencyLimit> = OnceLock::new();
    LIMIT.get_or_init(|| ConcurrencyLimit::new(DEFAULT_MAX_CONCURRENT_REQUESTS))
}

/// A semaphore whose limit can change. Waiters are served first in, first out.
pub struct ConcurrencyLimit {
    semaphore: Semaphore,
    state: Mutex<State>,
}

struct State {
    now: usize,
    /// Permits above the limit that were in use when it shrank, and that nobody waits for yet.
    excess: usize,
}

/// The permission to have a request in flight, until dropped.
pub(super) type Permit = Option<SemaphorePermit<'static>>;

impl ConcurrencyLimit {
    fn new(limit: usize) -> Self {
        Self { semaphore: Semaphore::new(limit), state: Mutex::new(State { now: limit, excess: 0 }) }
    }

    /// Waits for a permit. The semaphore is never closed; should it be, requests are not limited.
    pub(super) async fn acquire(&'static self) -> Permit {
        self.take_excess();
        self.semaphore.acquire().await.ok()
    }

    /// Takes permits above the limit out of circulation as they are returned. Not in `set`, which is called on
    /// threads and at times without a runtime.
    fn take_excess(&'static self) {
        let excess = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut state.excess)
        };
        if let Ok(excess @ 1..) = u32::try_from(excess) {
            tokio::spawn(async move {
                if let Ok(permits) = self.semaphore.acquire_many(excess).await {
                    permits.forget();
                }
            });
        }
    }

    /// Sets the limit, of at least 1. Requests that are in flight or wait already are left alone.
    pub fn set(&self, limit: usize) {
        let new = limit.min(MAX_LIMIT);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(more) = new.checked_sub(state.now) {
            let kept = more.min(state.excess);
            state.excess -= kept;
            self.semaphore.add_permits(more - kept);
        } else {
            let fewer = state.now - new;
            state.excess += fewer - self.semaphore.forget_permits(fewer);
        }
        state.now = new;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn limit_of(limit: usize) -> &'static ConcurrencyLimit {
        Box::leak(Box::new(ConcurrencyLimit::new(limit)))
    }

    async fn acquire(limit: &'static ConcurrencyLimit) -> Permit {
        tokio::time::timeout(Duration::from_millis(1), limit.acquire()).await.ok().flatten()
    }

    /// The number of permits that can be had at once; returns them.
    async fn permits(limit: &'static ConcurrencyLimit) -> usize {
        let mut held = Vec::new();
        while let Some(permit) = acquire(limit).await {
            held.push(permit);
        }
        held.len()
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_enter_than_there_are_permits() {
        let limit = limit_of(2);
        let (first, _second) = (acquire(limit).await.unwrap(), acquire(limit).await.unwrap());
        assert!(acquire(limit).await.is_none());
        drop(first);
        assert!(acquire(limit).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_higher_limit_gives_permits_at_once_and_a_lower_one_takes_them_as_they_are_returned() {
        let limit = limit_of(1);
        let first = acquire(limit).await.unwrap();
        limit.set(3);
        let (second, third) = (acquire(limit).await.unwrap(), acquire(limit).await.unwrap());
        limit.set(1);
        assert!(acquire(limit).await.is_none());
        drop(first);
        assert!(acquire(limit).await.is_none());
        drop(second);
        assert!(acquire(limit).await.is_none());
        drop(third);
        assert_eq!(permits(limit).await, 1);
        limit.set(2);
        assert_eq!(permits(limit).await, 2);
    }

    #[test]
    fn the_limit_changes_without_a_runtime_and_however_often() {
        let limit = limit_of(128);
        for new in [1, 5, usize::MAX, 3, usize::MAX, 2] {
            limit.set(new);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        assert_eq!(runtime.block_on(permits(limit)), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_shrinks_and_grows_while_all_permits_are_in_use_ends_as_it_was_set() {
        let limit = limit_of(4);
        let mut held = Vec::new();
        while let Some(permit) = acquire(limit).await {
            held.push(permit);
        }
        for new in [1, usize::MAX, 1, 3] {
            limit.set(new);
        }
        assert!(acquire(limit).await.is_none());
        drop(held);
        assert_eq!(permits(limit).await, 3);
    }

    #[tokio::test]
    async fn waiters_are_served_first_in_first_out() {
        let limit = limit_of(1);
        let order: &'static Mutex<Vec<u32>> = Box::leak(Box::default());
        let first = limit.acquire().await;
        let mut waiting = Vec::new();
        for number in 0..10 {
            waiting.push(tokio::spawn(async move {
                let _permit = limit.acquire().await;
                order.lock().unwrap().push(number);
            }));
            tokio::task::yield_now().await;
        }
        drop(first);
        for task in waiting {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn the_default_limit_is_128_requests() {
        assert_eq!(concurrency_limit().state.lock().unwrap().now, 128);
    }
}
