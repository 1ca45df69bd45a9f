//! Turns of other tasks while a body is read.

use tokio::task::yield_now;

use crate::json::BATCH_BYTES;

/// Gives other tasks, and the network, a turn after each batch, or as many bytes: the runtime has one thread, and a body
/// may arrive, or be decompressed, faster than it is read.
#[derive(Default)]
pub(super) struct Turns {
    /// Bytes that were read since the last turn.
    bytes: usize,
}

impl Turns {
    /// Counts bytes that are read.
    pub(super) fn count(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    pub(super) async fn give(&mut self) {
        self.bytes = 0;
        yield_now().await;
    }

    pub(super) async fn give_if_due(&mut self) {
        if self.bytes >= BATCH_BYTES {
            self.give().await;
        }
    }
}
