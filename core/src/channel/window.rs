//! Flow control for a long list: limits how far its sender may be ahead of the receiving thread.

use std::sync::{Arc, OnceLock};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Maximum number of chunks of a list that are queued at once. It bounds the memory of a read whose JavaScript thread
/// is busy: at the limit, the body is not read on, and the server waits.
const WINDOW: u32 = 8;

/// The error of a channel whose receiving thread is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

/// The sender's side: waits for permits, and learns the error `E` with which the receiver refused the list.
pub struct Window<E> {
    permits: Arc<Semaphore>,
    error: Arc<OnceLock<E>>,
}

/// Acknowledgement of one chunk. It travels with the chunk, and dropping it returns the permit.
pub struct ChunkAck<E> {
    error: Arc<OnceLock<E>>,
    _permit: OwnedSemaphorePermit,
}

impl<E> ChunkAck<E> {
    /// Refuses the chunk, and with it the list.
    pub fn refuse(self, error: E) {
        self.error.set(error).ok();
    }
}

impl<E> Default for Window<E> {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(WINDOW as usize)), error: Arc::default() }
    }
}

impl<E: Copy + From<Closed>> Window<E> {
    /// Waits for a permit to send a chunk. An error where the receiver is gone, or has refused an earlier chunk.
    pub async fn acquire(&self) -> Result<ChunkAck<E>, E> {
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| Closed)?;
        self.check()?;
        Ok(ChunkAck { error: self.error.clone(), _permit: permit })
    }

    /// Waits until the receiver has processed every chunk. An error where it refused one.
    pub async fn drained(&self) -> Result<(), E> {
        drop(self.permits.acquire_many(WINDOW).await.map_err(|_| Closed)?);
        self.check()
    }

    fn check(&self) -> Result<(), E> {
        self.error.get().map_or(Ok(()), |error| Err(*error))
    }
}
