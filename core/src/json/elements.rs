//! The receiver of a long array's elements, piece by piece.

/// Takes the text of an array's elements, piece by piece and in order.
pub trait Elements {
    /// Most bytes of text that may stand around the array. A body with more is refused.
    const MAX_ENVELOPE_BYTES: usize;

    /// Begins the next element.
    fn begin(&mut self);

    /// Takes the next piece of the element. It may be cut anywhere.
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
