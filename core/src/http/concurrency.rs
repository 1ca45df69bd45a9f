//! The limit of requests in flight in the process, and the share of reads in it.

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

/// The part of the permits that a request can take. A read may last as long as its body comes, so reads never take
/// all permits from appends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    Appends,
    Reads,
}

/// The permits of the process. A request waits for its share first, and then among the requests that have theirs,
/// first in, first out. So appends and reads take turns where there is one permit.
pub struct ConcurrencyLimit {
    all: ResizableSemaphore,
    appends: ResizableSemaphore,
    reads: ResizableSemaphore,
}

/// The permission to have a request in flight, until dropped.
pub(super) struct Permit {
    _of_all: Option<SemaphorePermit<'static>>,
    _of_share: Option<SemaphorePermit<'static>>,
}

impl ConcurrencyLimit {
    fn new(limit: usize) -> Self {
        let [all, appends, reads] = sizes(limit).map(ResizableSemaphore::new);
        Self { all, appends, reads }
    }

    /// Waits for a permit.
    pub(super) async fn acquire(&'static self, share: Share) -> Permit {
        let of_share = match share {
            Share::Appends => &self.appends,
            Share::Reads => &self.reads,
        };
        let of_share = of_share.acquire().await;
        Permit { _of_share: of_share, _of_all: self.all.acquire().await }
    }

    /// Sets the limit, of at least 1. Requests that are in flight or wait already are left alone.
    pub fn set(&self, limit: usize) {
        let [all, appends, reads] = sizes(limit);
        self.all.resize(all);
        self.appends.resize(appends);
        self.reads.resize(reads);
    }
}

/// The numbers of permits: all, those of appends, and those of reads. Reads have three quarters, rounded up, but leave
/// one to appends where there are two.
fn sizes(limit: usize) -> [usize; 3] {
    let limit = limit.clamp(1, MAX_LIMIT);
    let reads = (limit * 3).div_ceil(4).min(limit - 1).max(1);
    [limit, limit, reads]
}

/// A semaphore whose number of permits can change. Waiters are served first in, first out.
struct ResizableSemaphore {
    semaphore: Semaphore,
    state: Mutex<State>,
}

struct State {
    now: usize,
    /// Permits above the limit that were in use when it shrank, and that nobody waits for yet.
    excess: usize,
}

impl ResizableSemaphore {
    fn new(permits: usize) -> Self {
        Self { semaphore: Semaphore::new(permits), state: Mutex::new(State { now: permits, excess: 0 }) }
    }

    /// Waits for a permit. The semaphore is never closed; should it be, requests are not limited.
    async fn acquire(&'static self) -> Option<SemaphorePermit<'static>> {
        self.take_excess();
        self.semaphore.acquire().await.ok()
    }

    /// Takes permits above the limit out of circulation as they are returned. Not in `resize`, which is called on
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

    fn resize(&self, permits: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(more) = permits.checked_sub(state.now) {
            let kept = more.min(state.excess);
            state.excess -= kept;
            self.semaphore.add_permits(more - kept);
        } else {
            let fewer = state.now - permits;
            state.excess += fewer - self.semaphore.forget_permits(fewer);
        }
        state.now = permits;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn limit_of(limit: usize) -> &'static ConcurrencyLimit {
        Box::leak(Box::new(ConcurrencyLimit::new(limit)))
    }

    async fn acquire_of(limit: &'static ConcurrencyLimit, share: Share) -> Option<Permit> {
        tokio::time::timeout(Duration::from_millis(1), limit.acquire(share)).await.ok()
    }

    async fn acquire(limit: &'static ConcurrencyLimit) -> Option<Permit> {
        acquire_of(limit, Share::Appends).await
    }

    async fn acquire_all(limit: &'static ConcurrencyLimit, share: Share) -> Vec<Permit> {
        let mut held = Vec::new();
        while let Some(permit) = acquire_of(limit, share).await {
            held.push(permit);
        }
        held
    }

    /// The number of permits that can be had at once; returns them.
    async fn permits(limit: &'static ConcurrencyLimit) -> usize {
        acquire_all(limit, Share::Appends).await.len()
    }

    #[tokio::test(start_paused = true)]
    async fn reads_take_three_quarters_of_the_permits_and_leave_one_to_appends() {
        for (all, reads) in [(1, 1), (2, 1), (3, 2), (4, 3), (5, 4), (6, 5), (7, 6), (10, 8), (128, 96)] {
            let limit = limit_of(all);
            let held = acquire_all(limit, Share::Reads).await;
            assert_eq!((held.len(), permits(limit).await), (reads, all - reads), "{all}");
            drop(held);
            assert_eq!(permits(limit).await, all, "{all}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_share_of_reads_follows_the_limit() {
        let limit = limit_of(4);
        limit.set(100);
        assert_eq!(acquire_all(limit, Share::Reads).await.len(), 75);
        limit.set(8);
        assert_eq!(acquire_all(limit, Share::Reads).await.len(), 6);
    }

    #[tokio::test]
    async fn appends_and_reads_take_turns_where_there_is_one_permit() {
        let limit = limit_of(1);
        let order: &'static Mutex<String> = Box::leak(Box::default());
        let first = limit.acquire(Share::Reads).await;
        let mut waiting = Vec::new();
        for (share, letter) in [(Share::Reads, 'r'), (Share::Appends, 'a')] {
            for _ in 0..4 {
                waiting.push(tokio::spawn(async move {
                    let _permit = limit.acquire(share).await;
                    order.lock().unwrap().push(letter);
                    tokio::task::yield_now().await;
                }));
                tokio::task::yield_now().await;
            }
        }
        drop(first);
        for task in waiting {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), "arararar");
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
        let held = acquire_all(limit, Share::Appends).await;
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
        let first = limit.acquire(Share::Appends).await;
        let mut waiting = Vec::new();
        for number in 0..10 {
            waiting.push(tokio::spawn(async move {
                let _permit = limit.acquire(Share::Appends).await;
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
        assert_eq!(concurrency_limit().all.state.lock().unwrap().now, 128);
    }
}
