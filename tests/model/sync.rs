//! `src/sync.rs` for the models.

use tokio::sync::{SemaphorePermit as Permit, TryAcquireError};

pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64};
pub(crate) use loom::sync::{Mutex, MutexGuard};

/// loom's takes no `const` blocks.
macro_rules! local {
    ($($(#[$attribute:meta])* static $name:ident: $type:ty = const $init:block;)*) => {
        $(loom::thread_local! { $(#[$attribute])* static $name: $type = $init; })*
    };
}
pub(crate) use local as thread_local;

/// tokio's, each of whose steps is taken for indivisible: what is explored is their order.
pub(crate) struct Semaphore {
    semaphore: tokio::sync::Semaphore,
    steps: AtomicU64,
}

pub(crate) struct SemaphorePermit<'a> {
    semaphore: &'a Semaphore,
    permit: Option<Permit<'a>>,
}

impl Semaphore {
    pub(crate) const MAX_PERMITS: usize = tokio::sync::Semaphore::MAX_PERMITS;

    pub(crate) fn new(permits: usize) -> Self {
        Self { semaphore: tokio::sync::Semaphore::new(permits), steps: AtomicU64::new(0) }
    }

    /// Another thread may go first.
    fn step(&self) {
        self.steps.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    }

    pub(crate) async fn acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.step();
        let permit = self.semaphore.acquire().await.map_err(|_| TryAcquireError::Closed)?;
        Ok(SemaphorePermit { semaphore: self, permit: Some(permit) })
    }

    pub(crate) fn add_permits(&self, permits: usize) {
        self.step();
        self.semaphore.add_permits(permits);
    }

    pub(crate) fn forget_permits(&self, permits: usize) -> usize {
        self.step();
        self.semaphore.forget_permits(permits)
    }
}

impl SemaphorePermit<'_> {
    pub(crate) fn forget(mut self) {
        if let Some(permit) = self.permit.take() {
            permit.forget();
        }
    }
}

impl Drop for SemaphorePermit<'_> {
    fn drop(&mut self) {
        if self.permit.is_some() {
            self.semaphore.step();
        }
    }
}
