//! A run of entries as text, in the form in which they travel: one JSON array.

use std::ops::Range;

/// Past this many bytes a batch is handed on. Large enough to make the cost of a hand-over small. Small enough to
/// be parsed within a millisecond, and to stay below 128 KiB with an entry of 30 KB at its end: a longer string
/// gets memory of its own from V8, mapped and faulted in page by page, and does not count towards the space whose
/// being full makes V8 collect what is young, so that there is more of that, and more to copy at a time.
pub(crate) const BATCH_BYTES: usize = 96 * 1024;

/// Past this many entries a batch is handed on, however small they are: it bounds the arguments of the one
/// call that adds them to a list.
pub(crate) const BATCH_ENTRIES: usize = 4096;

/// `[entry,entry,…]`, and where in it each entry stands.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct EntryBatch {
    text: Vec<u8>,
    entries: Vec<Range<usize>>,
}

impl EntryBatch {
    /// An empty one that follows this one: what it will hold takes about as much room.
    pub fn followed(&self) -> Self {
        let room = self.text.capacity().min(2 * BATCH_BYTES);
        Self { text: Vec::with_capacity(room), entries: Vec::with_capacity(self.entries.capacity()) }
    }

    /// Adds an entry's text.
    pub fn push(&mut self, entry: &[u8]) {
        let start = self.begin_entry();
        self.text.extend_from_slice(entry);
        self.end_entry(start);
    }

    /// Begins an entry whose text comes piecemeal by [`extend`](Self::extend); says where it starts.
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

    /// How many entries it holds.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Each entry's text, in order.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.entries.iter().map(|range| &self.text[range.clone()])
    }

    /// The text of the whole array; UTF-8 where the server sent such.
    pub fn into_json(mut self) -> Vec<u8> {
        self.text.push(if self.text.is_empty() { b'[' } else { b']' });
        if self.entries.is_empty() {
            self.text.push(b']');
        }
        self.text
    }
}
