//! How many requests are under way at once in the process.

use std::sync::{OnceLock, PoisonError};

use tokio::sync::Mutex as AsyncMutex;

use crate::sync::{Mutex, Semaphore, SemaphorePermit};

/// SPEC section 8: a thousand sessions must not cost a thousand sockets.
pub const DEFAULT_MAX_CONCURRENT_REQUESTS: usize = 128;

/// The gate of this process.
pub fn gate() -> &'static Gate {
    static GATE: OnceLock<Gate> = OnceLock::new();
    GATE.get_or_init(|| Gate::new(DEFAULT_MAX_CONCURRENT_REQUESTS))
}

/// A semaphore whose size can change. Who waits is let in in order.
pub struct Gate {
    /// Held by the next one to enter, however often that has to wait for a place.
    door: AsyncMutex<()>,
    semaphore: Semaphore,
    size: Mutex<Size>,
}

struct Size {
    limit: usize,
    /// Places above the limit that are still taken: each is closed when it is left.
    excess: usize,
}

/// A place among the requests under way, until dropped.
pub struct Place<'a> {
    gate: &'a Gate,
    permit: Option<SemaphorePermit<'a>>,
}

impl Gate {
    pub(super) fn new(limit: usize) -> Self {
        let size = Mutex::new(Size { limit, excess: 0 });
        Self { door: AsyncMutex::default(), semaphore: Semaphore::new(limit), size }
    }

    /// Waits for a place.
    pub async fn enter(&self) -> Place<'_> {
        let _door = self.door.lock().await;
        loop {
            // The semaphore is never closed; should it be, everyone is let in.
            let mut place = Place { gate: self, permit: self.semaphore.acquire().await.ok() };
            // A place that was on its way while the gate shrank: left at that moment, or given to somebody who
            // was cancelled before taking it.
            if !place.close_in_excess() {
                return place;
            }
        }
    }

    /// From 1. Holds for who waits already; requests under way are left alone.
    pub fn resize(&self, limit: usize) {
        let limit = limit.min(Semaphore::MAX_PERMITS);
        let mut size = self.size.lock().unwrap_or_else(PoisonError::into_inner);
        if limit > size.limit {
            let grown = limit - size.limit;
            let kept = grown.min(size.excess);
            size.excess -= kept;
            self.semaphore.add_permits(grown - kept);
        } else {
            let shrunk = size.limit - limit;
            size.excess += shrunk - self.semaphore.forget_permits(shrunk);
        }
        size.limit = limit;
    }
}

impl Place<'_> {
    /// Closes the place where there are more than the limit; says whether it did.
    fn close_in_excess(&mut self) -> bool {
        let mut size = self.gate.size.lock().unwrap_or_else(PoisonError::into_inner);
        if size.excess == 0 {
            return false;
        }
        let Some(permit) = self.permit.take() else { return false };
        size.excess -= 1;
        permit.forget();
        true
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.close_in_excess();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Waker};
    use std::time::Duration;

    async fn enters(gate: &Gate) -> Option<Place<'_>> {
        tokio::time::timeout(Duration::from_millis(1), gate.enter()).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_enter_than_there_are_places() {
        let gate = Gate::new(2);
        let (first, _second) = (enters(&gate).await.unwrap(), enters(&gate).await.unwrap());
        assert!(enters(&gate).await.is_none());
        drop(first);
        assert!(enters(&gate).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn growing_lets_in_at_once_and_shrinking_closes_places_as_they_are_left() {
        let gate = Gate::new(1);
        let first = enters(&gate).await.unwrap();
        gate.resize(3);
        let (second, third) = (enters(&gate).await.unwrap(), enters(&gate).await.unwrap());
        gate.resize(1);
        drop(first);
        assert!(enters(&gate).await.is_none());
        drop(second);
        assert!(enters(&gate).await.is_none());
        gate.resize(2);
        assert!(enters(&gate).await.is_some());
        drop(third);
        let (_one, _two) = (enters(&gate).await.unwrap(), enters(&gate).await.unwrap());
        assert!(enters(&gate).await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_nobody_takes_after_the_gate_shrank_is_closed() {
        let gate = Gate::new(2);
        let (first, _second) = (enters(&gate).await.unwrap(), enters(&gate).await.unwrap());
        let mut given_up = Box::pin(gate.enter());
        assert!(given_up.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(first);
        gate.resize(1);
        drop(given_up);
        assert!(enters(&gate).await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_given_a_place_before_the_gate_shrank_is_still_the_next_one() {
        let gate = Gate::new(2);
        let (first, second) = (enters(&gate).await.unwrap(), enters(&gate).await.unwrap());
        let (mut next, mut later) = (Box::pin(gate.enter()), Box::pin(gate.enter()));
        let mut context = Context::from_waker(Waker::noop());
        assert!(
            next.as_mut().poll(&mut context).is_pending() && later.as_mut().poll(&mut context).is_pending()
        );
        drop(first);
        gate.resize(1);
        assert!(
            next.as_mut().poll(&mut context).is_pending() && later.as_mut().poll(&mut context).is_pending()
        );
        drop(second);
        assert!(
            later.as_mut().poll(&mut context).is_pending() && next.as_mut().poll(&mut context).is_ready()
        );
    }

    #[tokio::test]
    async fn who_waits_is_let_in_in_order() {
        let gate: &'static Gate = Box::leak(Box::new(Gate::new(1)));
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
        assert_eq!(gate().size.lock().unwrap().limit, 128);
    }
}
