//! Where the entries of a read go.

use crate::channel::Closed;
use crate::json::EntryBatch;

/// The receiver of the entries of a read, in order and batch by batch.
pub trait Sink: Send {
    /// Takes the next entries. Waits while the taker is behind, so that a body is never held whole.
    fn accept(&mut self, batch: EntryBatch) -> impl Future<Output = Result<(), SinkError>> + Send;

    /// Drops all but the first `entries` of those accepted.
    fn truncate(&mut self, entries: usize) -> impl Future<Output = Result<(), SinkError>> + Send;

    /// Waits until all that was accepted was looked at.
    fn complete(&mut self) -> impl Future<Output = Result<(), SinkError>> + Send;

    /// Notes that more bytes of the response have arrived.
    fn received(&mut self, _bytes: usize) {}

    /// Notes that a response was read to its end.
    fn page_read(&mut self) {}
}

/// The reason for which a sink takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SinkError {
    /// An entry is not JSON.
    NotJson,
    /// An entry is longer than a string of JavaScript can be: its characters, and those of a few before it.
    TooLong(usize),
    /// The entries are not wanted any more.
    Gone,
}

impl From<Closed> for SinkError {
    fn from(_: Closed) -> Self {
        Self::Gone
    }
}
