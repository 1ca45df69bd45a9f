//! How many requests are under way at once in the process.

use std::sync::{Mutex, OnceLock, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

/// SPEC section 8: a thousand sessions must not cost a thousand sockets.
pub const DEFAULT_MAX_CONCURRENT_REQUESTS: usize = 128;

/// More than any process has sockets; fits what a semaphore takes and gives at once.
const MAX_LIMIT: usize = 1 << 28;

/// The gate of this process.
pub fn gate() -> &'static Gate {
    static GATE: OnceLock<Gate> = OnceLock::new();
    GATE.get_or_init(|| Gate::new(DEFAULT_MAX_CONCURRENT_REQUESTS))
}

/// A semaphore whose limit can change. Waiters are served first in, first out.
pub struct Gate {
    semaphore: Semaphore,
    limit: Mutex<Limit>,
}

struct Limit {
    now: usize,
    /// Permits above the limit that were in use when it shrank, and that nobody waits for yet.
    excess: usize,
}

/// A place among the requests under way, until dropped.
pub(super) type Place = Option<SemaphorePermit<'static>>;

impl Gate {
    fn new(limit: usize) -> Self {
        Self { semaphore: Semaphore::new(limit), limit: Mutex::new(Limit { now: limit, excess: 0 }) }
    }

    /// Waits for a place. The semaphore is never closed; should it be, everyone is let in.
    pub(super) async fn enter(&'static self) -> Place {
        self.take_excess();
        self.semaphore.acquire().await.ok()
    }

    /// Takes permits above the limit out of circulation as they are returned. Not in `resize`, which is called on
    /// threads and at times without a runtime.
    fn take_excess(&'static self) {
        let excess = {
            let mut limit = self.limit.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut limit.excess)
        };
        if let Ok(excess @ 1..) = u32::try_from(excess) {
            tokio::spawn(async move {
                if let Ok(permits) = self.semaphore.acquire_many(excess).await {
                    permits.forget();
                }
            });
        }
    }

    /// `limit` is at least 1. Requests that are under way or wait already are left alone.
    pub fn resize(&self, limit: usize) {
        let new = limit.min(MAX_LIMIT);
        let mut limit = self.limit.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(more) = new.checked_sub(limit.now) {
            let kept = more.min(limit.excess);
            limit.excess -= kept;
            self.semaphore.add_permits(more - kept);
        } else {
            let fewer = limit.now - new;
            limit.excess += fewer - self.semaphore.forget_permits(fewer);
        }
        limit.now = new;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn gate_of(limit: usize) -> &'static Gate {
        Box::leak(Box::new(Gate::new(limit)))
    }

    async fn enters(gate: &'static Gate) -> Place {
        tokio::time::timeout(Duration::from_millis(1), gate.enter()).await.ok().flatten()
    }

    /// How many enter at once, and leave again.
    async fn places(gate: &'static Gate) -> usize {
        let mut inside = Vec::new();
        while let Some(place) = enters(gate).await {
            inside.push(place);
        }
        inside.len()
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_enter_than_there_are_places() {
        let gate = gate_of(2);
        let (first, _second) = (enters(gate).await.unwrap(), enters(gate).await.unwrap());
        assert!(enters(gate).await.is_none());
        drop(first);
        assert!(enters(gate).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn growing_lets_in_at_once_and_shrinking_closes_places_as_they_are_left() {
        let gate = gate_of(1);
        let first = enters(gate).await.unwrap();
        gate.resize(3);
        let (second, third) = (enters(gate).await.unwrap(), enters(gate).await.unwrap());
        gate.resize(1);
        assert!(enters(gate).await.is_none());
        drop(first);
        assert!(enters(gate).await.is_none());
        drop(second);
        assert!(enters(gate).await.is_none());
        drop(third);
        assert_eq!(places(gate).await, 1);
        gate.resize(2);
        assert_eq!(places(gate).await, 2);
    }

    #[test]
    fn the_limit_changes_without_a_runtime_and_however_often() {
        let gate = gate_of(128);
        for limit in [1, 5, usize::MAX, 3, usize::MAX, 2] {
            gate.resize(limit);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        assert_eq!(runtime.block_on(places(gate)), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_shrinks_and_grows_while_all_places_are_taken_ends_as_it_was_set() {
        let gate = gate_of(4);
        let mut inside = Vec::new();
        while let Some(place) = enters(gate).await {
            inside.push(place);
        }
        for limit in [1, usize::MAX, 1, 3] {
            gate.resize(limit);
        }
        assert!(enters(gate).await.is_none());
        drop(inside);
        assert_eq!(places(gate).await, 3);
    }

    #[tokio::test]
    async fn waiters_are_served_first_in_first_out() {
        let gate = gate_of(1);
        let order: &'static Mutex<Vec<u32>> = Box::leak(Box::default());
        let held = gate.enter().await;
        let mut waiting = Vec::new();
        for number in 0..10 {
            waiting.push(tokio::spawn(async move {
                let _place = gate.enter().await;
                order.lock().unwrap().push(number);
            }));
            tokio::task::yield_now().await;
        }
        drop(held);
        for task in waiting {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn the_default_is_128() {
        assert_eq!(gate().limit.lock().unwrap().now, 128);
    }
}
