//! Flow control for a long list: how far its sender may be ahead of the thread that takes it.

use std::sync::{Arc, OnceLock};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Chunks of a list that are on their way at once. It bounds the memory of a read whose JavaScript thread is
/// busy: past that, the server waits.
const WINDOW: u32 = 8;

/// The far end is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

/// The sender's side: waits for room, and learns why the far end refuses the list (`E`).
pub struct Window<E> {
    room: Arc<Semaphore>,
    refused: Arc<OnceLock<E>>,
}

/// Travels with a chunk; makes room for another one when it is dropped.
pub struct ChunkAck<E> {
    refused: Arc<OnceLock<E>>,
    _room: OwnedSemaphorePermit,
}

impl<E> ChunkAck<E> {
    /// Refuses the chunk, and with it the list.
    pub fn refuse(self, why: E) {
        self.refused.set(why).ok();
    }
}

impl<E> Default for Window<E> {
    fn default() -> Self {
        Self { room: Arc::new(Semaphore::new(WINDOW as usize)), refused: Arc::default() }
    }
}

impl<E: Copy + From<Closed>> Window<E> {
    /// Waits for room for a chunk.
    pub async fn acquire(&self) -> Result<ChunkAck<E>, E> {
        let room = self.room.clone().acquire_owned().await.map_err(|_| Closed)?;
        self.check()?;
        Ok(ChunkAck { refused: self.refused.clone(), _room: room })
    }

    /// Waits until every chunk was taken.
    pub async fn drained(&self) -> Result<(), E> {
        drop(self.room.acquire_many(WINDOW).await.map_err(|_| Closed)?);
        self.check()
    }

    fn check(&self) -> Result<(), E> {
        self.refused.get().map_or(Ok(()), |why| Err(*why))
    }
}
