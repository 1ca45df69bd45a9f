//! The receiver of a long array's elements.

/// Receives the text of an array's elements, in order and in parts.
pub trait Elements {
    /// Most bytes of text that may stand around the array. A body with more is refused.
    const MAX_ENVELOPE_BYTES: usize;

    /// Begins the next element.
    fn begin(&mut self);

    /// Takes the next part of the element, which may end anywhere.
    fn extend(&mut self, text: &[u8]);

    /// Ends the element.
    fn end(&mut self);

    /// Ends the array.
    fn end_array(&mut self) {}

    /// Makes all elements so far void: the key came a second time, and the last one counts.
    fn start_over(&mut self);

    /// Drops what it has, and takes nothing more: the body is refused.
    fn refuse(&mut self);
}
