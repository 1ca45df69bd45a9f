//! Entries on their way into the list of a read.

use std::sync::Arc;

use session_ingress_core::channel::{ChunkAck, Window};
use session_ingress_core::json::{EntryBatch, JsonText};
use session_ingress_core::read::{Progress, ProgressThrottle, Sink, SinkError};

use super::{Channel, Message, OperationId};

/// A change of a read's list.
pub(crate) struct ListChunk {
    pub(crate) operation_id: OperationId,
    pub(crate) update: ListUpdate,
    pub(crate) ack: ChunkAck<SinkError>,
}

pub(crate) enum ListUpdate {
    /// Adds the entries of a JSON array.
    Add(JsonText),
    /// Drops all but the first so many.
    Truncate(usize),
}

/// Hands entries to the list of an operation.
pub(crate) struct ListSink {
    channel: Arc<Channel>,
    operation_id: OperationId,
    window: Window<SinkError>,
    /// Where the host wants to know how far the read is.
    progress: Option<Arc<ProgressThrottle>>,
}

impl ListSink {
    pub(crate) fn new(
        channel: Arc<Channel>,
        operation_id: OperationId,
        progress: Option<Arc<ProgressThrottle>>,
    ) -> Self {
        Self { channel, operation_id, window: Window::default(), progress }
    }

    fn advance(&self, change: impl FnOnce(&mut Progress)) {
        if let Some(progress) = &self.progress
            && progress.advance(change)
        {
            self.channel.send(Message::Progress(self.operation_id));
        }
    }

    async fn send(&self, update: ListUpdate) -> Result<(), SinkError> {
        let ack = self.window.acquire().await?;
        let chunk = ListChunk { operation_id: self.operation_id, update, ack };
        Ok(self.channel.send_chunk(chunk)?)
    }
}

impl Sink for ListSink {
    async fn accept(&mut self, batch: EntryBatch) -> Result<(), SinkError> {
        let entries = batch.len();
        // Before they are handed over: the figures that a host is told include the entries that it has.
        self.advance(|progress| progress.entries += entries);
        self.send(ListUpdate::Add(JsonText::from_utf8(batch.into_json()))).await
    }

    async fn truncate(&mut self, entries: usize) -> Result<(), SinkError> {
        self.advance(|progress| progress.entries = entries);
        self.send(ListUpdate::Truncate(entries)).await
    }

    async fn complete(&mut self) -> Result<(), SinkError> {
        self.window.drained().await?;
        if self.channel.is_closed() { Err(SinkError::Gone) } else { Ok(()) }
    }

    fn received(&mut self, bytes: usize) {
        self.advance(|progress| progress.bytes += bytes as u64);
    }

    fn page_read(&mut self) {
        if let Some(progress) = &self.progress {
            progress.end_page();
        }
    }
}
