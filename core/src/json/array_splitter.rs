//! Splits the entries out of a response while its body arrives.
//!
//! The body is one JSON object, and one of its members is a long array: `loglines` of a session log, or `data` of a
//! page of teleport events. [`ArraySplitter`] follows the text just closely enough to find that array and the commas
//! between its elements. It hands the elements on as text and keeps the rest, the *envelope*: the body with an empty
//! array in place of the long one.
//!
//! The splitter itself may be lenient, because others check the text in full: the receiver of a batch parses all of
//! it (V8's `JSON.parse`, or [`super::pick_fields`]), and [`ArraySplitter::finish`] parses the envelope. The body is
//! valid JSON exactly when all of these are. Where the splitter counted a bracket wrongly, one of the parsers finds
//! the error.

use std::collections::VecDeque;
use std::mem;

use super::batch::EntryBatch;
use super::envelope::Envelope;
use super::fields::key_matches;
use super::string::StringState;

/// An event of the splitter, in the order of the body.
#[derive(Debug, PartialEq, Eq)]
pub enum SplitEvent {
    /// The next elements.
    Batch(EntryBatch),
    /// The key came again. As in `JSON.parse` the last duplicate wins, so all elements so far are void.
    StartOver,
}

/// A streaming splitter of one JSON array.
pub struct ArraySplitter {
    key: &'static str,
    state: State,
    /// The text around the array.
    envelope: Vec<u8>,
    /// Open brackets of the envelope.
    depth: usize,
    /// Open brackets of the element.
    nesting: usize,
    /// The state of the string that the text is in.
    string: Option<StringState>,
    batch: EntryBatch,
    /// An array was found already.
    found: bool,
    events: VecDeque<SplitEvent>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the object, after `mark` bytes of a byte order mark.
    Start { mark: usize },
    /// Around the array.
    Around(Around),
    /// In the array, outside an element.
    Between { after_comma: bool },
    /// In an element that starts at this offset of the batch.
    Element { start: usize },
    /// The body does not have the expected shape, whatever follows.
    Invalid,
}

/// The token that is expected at depth 1 of the envelope.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    Key,
    /// In a key that starts at this offset of the envelope.
    InKey {
        start: usize,
    },
    Colon,
    /// The value of the splitter's key.
    Value,
    /// Anything else.
    Other,
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

impl ArraySplitter {
    /// `key` is the name of the member whose array is split.
    pub fn new(key: &'static str) -> Self {
        Self {
            key,
            state: State::Start { mark: 0 },
            envelope: Vec::new(),
            depth: 0,
            nesting: 0,
            string: None,
            batch: EntryBatch::default(),
            found: false,
            events: VecDeque::new(),
        }
    }

    /// Takes the next bytes of the body; a chunk may end anywhere.
    pub fn push(&mut self, mut chunk: &[u8]) {
        while !chunk.is_empty() {
            let consumed = match self.state {
                State::Start { mark } => self.start(chunk, mark),
                State::Around(around) => self.around(chunk, around),
                State::Between { after_comma } => self.between(chunk, after_comma),
                State::Element { start } => self.element(chunk, start),
                State::Invalid => return,
            };
            chunk = &chunk[consumed..];
        }
    }

    /// Takes the next event that is ready.
    pub fn next_event(&mut self) -> Option<SplitEvent> {
        self.events.pop_front()
    }

    /// Makes the body invalid because an element was not JSON; the rest of the body is ignored.
    pub fn refuse(&mut self) {
        self.state = State::Invalid;
        self.events.clear();
        self.envelope = Vec::new();
        self.batch = EntryBatch::default();
    }

    /// Ends the body and returns its envelope; `None` where the body was not a JSON object with an array under the key.
    pub fn finish(self) -> Option<Envelope> {
        let State::Around(_) = self.state else { return None };
        let envelope = Envelope(match String::from_utf8(self.envelope) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        });
        envelope.field(self.key)?.get().starts_with('[').then_some(envelope)
    }

    fn start(&mut self, chunk: &[u8], mark: usize) -> usize {
        match chunk[0] {
            byte if BYTE_ORDER_MARK.get(mark) == Some(&byte) => self.state = State::Start { mark: mark + 1 },
            _ if mark != 0 && mark != BYTE_ORDER_MARK.len() => self.refuse(),
            // After white space, a byte order mark is not allowed any more.
            byte if is_space(byte) => self.state = State::Start { mark: BYTE_ORDER_MARK.len() },
            b'{' => {
                self.envelope.push(b'{');
                self.depth = 1;
                self.state = State::Around(Around::Key);
            }
            _ => self.refuse(),
        }
        1
    }

    /// Copies to the envelope up to the next change of state; returns the number of bytes that were consumed.
    fn around(&mut self, chunk: &[u8], around: Around) -> usize {
        let mut at = 0;
        while at < chunk.len() {
            if let Some(string) = self.string {
                let (skipped, rest) = string.skip(&chunk[at..]);
                (at, self.string) = (at + skipped, rest);
                if self.string.is_none()
                    && let Around::InKey { start } = around
                {
                    self.envelope.extend_from_slice(&chunk[..at]);
                    let found =
                        str::from_utf8(&self.envelope[start..]).is_ok_and(|key| key_matches(key, self.key));
                    return self.expect(if found { Around::Colon } else { Around::Other }, at);
                }
                continue;
            }
            at += 1;
            let next = match chunk[at - 1] {
                b'"' => {
                    self.string = Some(StringState::Plain);
                    match around {
                        Around::Key => Around::InKey { start: self.envelope.len() + at - 1 },
                        _ => Around::Other,
                    }
                }
                b'[' if around == Around::Value => {
                    // Both brackets at once: `between` and `element` consume the one that ends the array.
                    self.envelope.extend_from_slice(&chunk[..at]);
                    self.envelope.push(b']');
                    self.begin_array();
                    return at;
                }
                b'{' | b'[' => {
                    self.depth += 1;
                    Around::Other
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    Around::Other
                }
                b',' if self.depth == 1 => Around::Key,
                b':' if around == Around::Colon => Around::Value,
                byte if is_space(byte) => around,
                _ => Around::Other,
            };
            if next != around {
                self.envelope.extend_from_slice(&chunk[..at]);
                return self.expect(next, at);
            }
        }
        self.envelope.extend_from_slice(chunk);
        chunk.len()
    }

    fn expect(&mut self, around: Around, consumed: usize) -> usize {
        self.state = State::Around(around);
        consumed
    }

    fn begin_array(&mut self) {
        if self.found {
            self.events.push_back(SplitEvent::StartOver);
        }
        self.found = true;
        self.state = State::Between { after_comma: false };
    }

    fn between(&mut self, chunk: &[u8], after_comma: bool) -> usize {
        let Some(at) = chunk.iter().position(|&byte| !is_space(byte)) else { return chunk.len() };
        match chunk[at] {
            b']' if !after_comma => self.end_array(),
            b']' | b',' | b'}' => self.refuse(),
            _ => {
                self.nesting = 0;
                self.state = State::Element { start: self.batch.begin_entry() };
                return at;
            }
        }
        at + 1
    }

    fn element(&mut self, chunk: &[u8], start: usize) -> usize {
        let mut at = 0;
        while at < chunk.len() {
            if let Some(string) = self.string {
                let (skipped, rest) = string.skip(&chunk[at..]);
                (at, self.string) = (at + skipped, rest);
                continue;
            }
            match chunk[at] {
                b'"' => self.string = Some(StringState::Plain),
                b'{' | b'[' => self.nesting += 1,
                b'}' | b']' if self.nesting > 0 => self.nesting -= 1,
                end @ (b',' | b']') if self.nesting == 0 => {
                    self.batch.extend(&chunk[..at]);
                    self.batch.end_entry(start);
                    if end == b']' {
                        self.end_array();
                    } else {
                        self.state = State::Between { after_comma: true };
                        if self.batch.is_full() {
                            self.emit_batch();
                        }
                    }
                    return at + 1;
                }
                b'}' => {
                    self.refuse();
                    return at + 1;
                }
                _ => {}
            }
            at += 1;
        }
        self.batch.extend(chunk);
        chunk.len()
    }

    fn end_array(&mut self) {
        if !self.batch.is_empty() {
            self.events.push_back(SplitEvent::Batch(mem::take(&mut self.batch)));
        }
        self.state = State::Around(Around::Other);
    }

    fn emit_batch(&mut self) {
        let next = self.batch.successor();
        self.events.push_back(SplitEvent::Batch(mem::replace(&mut self.batch, next)));
    }
}
