//! A sink that sends the entries of a read to its list, on the JavaScript thread.

use std::sync::Arc;

use session_ingress_core::channel::{ChunkAck, Window};
use session_ingress_core::json::{EntryBatch, JsonText};
use session_ingress_core::read::{Progress, ProgressThrottle, Sink, SinkError};

use super::{Channel, Message, OperationId, Trace};

/// An update of a read's list, with the acknowledgement that allows the next one.
pub(crate) struct ListChunk {
    pub(crate) operation_id: OperationId,
    pub(crate) update: ListUpdate,
    pub(crate) ack: ChunkAck<SinkError>,
}

pub(crate) enum ListUpdate {
    /// Adds the entries of a JSON array.
    Add(JsonText),
    /// Drops all entries but the first ones, of this number.
    Truncate(usize),
}

/// Sends the entries of a read to the list of its operation.
pub(crate) struct ListSink {
    channel: Arc<Channel>,
    operation_id: OperationId,
    window: Window<SinkError>,
    /// Set where the host wants progress.
    progress: Option<Arc<ProgressThrottle>>,
    trace: Option<Arc<Trace>>,
}

impl ListSink {
    pub(crate) fn new(
        channel: Arc<Channel>,
        operation_id: OperationId,
        progress: Option<Arc<ProgressThrottle>>,
        trace: Option<Arc<Trace>>,
    ) -> Self {
        Self { channel, operation_id, window: Window::default(), progress, trace }
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
        // Counted before they are sent, so that reported progress is never behind the entries that the host has.
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
        if let Some(trace) = &self.trace {
            trace.add_bytes(bytes);
        }
        self.advance(|progress| progress.bytes += bytes as u64);
    }

    fn page_read(&mut self) {
        if let Some(progress) = &self.progress {
            progress.end_page();
        }
    }
}
