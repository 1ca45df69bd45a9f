//! Elements as batches of text, for those who parse them.

use std::collections::VecDeque;
use std::mem;

use super::batch::EntryBatch;
use super::elements::Elements;

/// An event that a splitter yields while the body arrives.
#[derive(Debug, PartialEq, Eq)]
pub enum SplitEvent {
    /// The next elements.
    Batch(EntryBatch),
    /// The key came a second time, and the last one counts: all elements so far are void.
    StartOver,
}

/// Gathers elements into batches.
#[derive(Default)]
pub struct Batches {
    batch: EntryBatch,
    /// The start of the current element in the batch.
    start: usize,
    events: VecDeque<SplitEvent>,
}

impl Batches {
    pub(super) fn next_event(&mut self) -> Option<SplitEvent> {
        self.events.pop_front()
    }
}

impl Elements for Batches {
    /// The limit of a body is its reader's.
    const MAX_ENVELOPE_BYTES: usize = usize::MAX;

    fn begin(&mut self) {
        self.start = self.batch.begin_entry();
    }

    fn extend(&mut self, text: &[u8]) {
        self.batch.extend(text);
    }

    fn end(&mut self) {
        self.batch.end_entry(self.start);
        if self.batch.is_full() {
            let next = self.batch.successor();
            self.events.push_back(SplitEvent::Batch(mem::replace(&mut self.batch, next)));
        }
    }

    fn end_array(&mut self) {
        if !self.batch.is_empty() {
            self.events.push_back(SplitEvent::Batch(mem::take(&mut self.batch)));
        }
    }

    fn start_over(&mut self) {
        self.events.push_back(SplitEvent::StartOver);
    }

    fn refuse(&mut self) {
        *self = Self::default();
    }
}
