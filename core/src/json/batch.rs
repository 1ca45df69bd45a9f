//! Batches of entries as text: one JSON array each.

use std::ops::Range;

/// Number of bytes at which a batch is full. Large enough to make the cost of a hand-over small. Small enough to be
/// parsed within a millisecond, and to stay below 128 KiB with an entry of 30 KB at its end. V8 puts longer strings
/// into its space for large objects: their memory is mapped page by page, and does not count towards the limit that
/// starts a collection of young objects. Collections then come later and have more to copy at a time.
pub(crate) const BATCH_BYTES: usize = 96 * 1024;

/// Number of entries at which a batch is full, however small they are. It bounds the arguments of the one call that
/// adds them to a list.
pub(crate) const BATCH_ENTRIES: usize = 4096;

/// The text `[entry,entry,…]`, and the range of each entry in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct EntryBatch {
    text: Vec<u8>,
    entries: Vec<Range<usize>>,
}

impl EntryBatch {
    /// An empty batch with the capacity of this one, because the next batch of a list is about as large.
    pub fn successor(&self) -> Self {
        let capacity = self.text.capacity().min(2 * BATCH_BYTES);
        Self { text: Vec::with_capacity(capacity), entries: Vec::with_capacity(self.entries.capacity()) }
    }

    /// Adds an entry's text.
    pub fn push(&mut self, entry: &[u8]) {
        let start = self.begin_entry();
        self.text.extend_from_slice(entry);
        self.end_entry(start);
    }

    /// Begins an entry whose text is added by [`extend`](Self::extend); returns its offset, for
    /// [`end_entry`](Self::end_entry).
    pub fn begin_entry(&mut self) -> usize {
        self.text.push(if self.entries.is_empty() { b'[' } else { b',' });
        self.text.len()
    }

    pub fn extend(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
    }

    pub fn end_entry(&mut self, start: usize) {
        self.entries.push(start..self.text.len());
    }

    pub fn is_full(&self) -> bool {
        self.text.len() >= BATCH_BYTES || self.entries.len() >= BATCH_ENTRIES
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The text of each entry, in order.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.entries.iter().map(|range| &self.text[range.clone()])
    }

    /// The text of the whole array; valid UTF-8 where the server sent valid UTF-8.
    pub fn into_json(mut self) -> Vec<u8> {
        self.text.push(if self.text.is_empty() { b'[' } else { b']' });
        if self.entries.is_empty() {
            self.text.push(b']');
        }
        self.text
    }
}
