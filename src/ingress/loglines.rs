//! Cutting the entries out of an answer while it arrives.
//!
//! An answer is one JSON object of which one member is a long array: `loglines`, or `data` of a page of
//! teleport events. [`Cutter`] follows the text just closely enough to find that array and the commas
//! between its elements, hands the elements on as text, and keeps what is left: the *skeleton*, the answer
//! with an empty array in the place of the long one.
//!
//! Who accepts what: whoever takes a slice parses it in full (V8's `JSON.parse`, or [`super::members`]),
//! and [`Cutter::finish`] checks the skeleton in full. A text is valid JSON exactly when both are, so the
//! cutter itself may be lenient: a bracket that it counted wrongly is one that the parser of that slice
//! refuses.

use std::collections::VecDeque;
use std::mem;

use super::in_string::InString;
use super::members::key_is;
use super::skeleton::Skeleton;
use super::slice::Slice;

/// What comes out of an answer on the way.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The next elements.
    Slice(Slice),
    /// The key came a second time, and the last one counts: all elements so far are void.
    StartOver,
}

pub(crate) struct Cutter {
    key: &'static str,
    state: State,
    /// What stands around the array; so many of its brackets are open.
    skeleton: Vec<u8>,
    depth: usize,
    /// Brackets open inside the element.
    nesting: usize,
    string: Option<InString>,
    slice: Slice,
    /// An array was found already.
    found: bool,
    pieces: VecDeque<Piece>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the object; so many bytes of a byte order mark were skipped.
    Start { mark: usize },
    /// Around the array.
    Around(Around),
    /// In the array, outside of an element.
    Between { after_comma: bool },
    /// In an element that starts at this place of the slice.
    Element { start: usize },
    /// No answer of the expected shape can come of this any more.
    Refused,
}

/// What is awaited at depth 1 of the skeleton.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    Key,
    /// In a key that starts at this place of the skeleton.
    InKey {
        start: usize,
    },
    Colon,
    /// The value of the key that was looked for.
    Value,
    /// Anything that is of no interest.
    Other,
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

impl Cutter {
    /// `key` names the member whose array is cut.
    pub(crate) fn new(key: &'static str) -> Self {
        Self {
            key,
            state: State::Start { mark: 0 },
            skeleton: Vec::new(),
            depth: 0,
            nesting: 0,
            string: None,
            slice: Slice::default(),
            found: false,
            pieces: VecDeque::new(),
        }
    }

    /// Takes the next bytes of the answer; may be cut anywhere.
    pub(crate) fn push(&mut self, mut chunk: &[u8]) {
        while !chunk.is_empty() {
            let taken = match self.state {
                State::Start { mark } => self.start(chunk, mark),
                State::Around(around) => self.around(chunk, around),
                State::Between { after_comma } => self.between(chunk, after_comma),
                State::Element { start } => self.element(chunk, start),
                State::Refused => return,
            };
            chunk = &chunk[taken..];
        }
    }

    /// The next piece that is ready.
    pub(crate) fn next_piece(&mut self) -> Option<Piece> {
        self.pieces.pop_front()
    }

    /// Says that an element was no JSON: what still comes is not looked at.
    pub(crate) fn refuse(&mut self) {
        self.state = State::Refused;
        self.pieces.clear();
        self.skeleton = Vec::new();
        self.slice = Slice::default();
    }

    /// The end of the answer. `None` where it was no JSON object with an array under the key.
    pub(crate) fn finish(self) -> Option<Skeleton> {
        let State::Around(_) = self.state else { return None };
        let skeleton = Skeleton(match String::from_utf8(self.skeleton) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        });
        skeleton.member(self.key)?.get().starts_with('[').then_some(skeleton)
    }

    fn start(&mut self, chunk: &[u8], mark: usize) -> usize {
        match chunk[0] {
            byte if BYTE_ORDER_MARK.get(mark) == Some(&byte) => self.state = State::Start { mark: mark + 1 },
            _ if mark != 0 && mark != BYTE_ORDER_MARK.len() => self.refuse(),
            // No mark may follow.
            byte if is_space(byte) => self.state = State::Start { mark: BYTE_ORDER_MARK.len() },
            b'{' => {
                self.skeleton.push(b'{');
                self.depth = 1;
                self.state = State::Around(Around::Key);
            }
            _ => self.refuse(),
        }
        1
    }

    /// Copies to the skeleton up to where something changes; says how far.
    fn around(&mut self, chunk: &[u8], around: Around) -> usize {
        let mut at = 0;
        while at < chunk.len() {
            if let Some(string) = self.string {
                let (skipped, rest) = string.skip(&chunk[at..]);
                (at, self.string) = (at + skipped, rest);
                if self.string.is_none()
                    && let Around::InKey { start } = around
                {
                    self.skeleton.extend_from_slice(&chunk[..at]);
                    let found =
                        str::from_utf8(&self.skeleton[start..]).is_ok_and(|key| key_is(key, self.key));
                    return self.go(if found { Around::Colon } else { Around::Other }, at);
                }
                continue;
            }
            at += 1;
            let next = match chunk[at - 1] {
                b'"' => {
                    self.string = Some(InString::Plain);
                    match around {
                        Around::Key => Around::InKey { start: self.skeleton.len() + at - 1 },
                        _ => Around::Other,
                    }
                }
                b'[' if around == Around::Value => {
                    // Both brackets at once: how the array ends is for `between` to see.
                    self.skeleton.extend_from_slice(&chunk[..at]);
                    self.skeleton.push(b']');
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
                self.skeleton.extend_from_slice(&chunk[..at]);
                return self.go(next, at);
            }
        }
        self.skeleton.extend_from_slice(chunk);
        chunk.len()
    }

    fn go(&mut self, around: Around, taken: usize) -> usize {
        self.state = State::Around(around);
        taken
    }

    fn begin_array(&mut self) {
        if self.found {
            self.pieces.push_back(Piece::StartOver);
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
                self.state = State::Element { start: self.slice.begin_entry() };
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
                b'"' => self.string = Some(InString::Plain),
                b'{' | b'[' => self.nesting += 1,
                b'}' | b']' if self.nesting > 0 => self.nesting -= 1,
                end @ (b',' | b']') if self.nesting == 0 => {
                    self.slice.extend(&chunk[..at]);
                    self.slice.end_entry(start);
                    if end == b']' {
                        self.end_array();
                    } else {
                        self.state = State::Between { after_comma: true };
                        if self.slice.is_full() {
                            self.hand_on();
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
        self.slice.extend(chunk);
        chunk.len()
    }

    fn end_array(&mut self) {
        if !self.slice.is_empty() {
            self.pieces.push_back(Piece::Slice(mem::take(&mut self.slice)));
        }
        self.state = State::Around(Around::Other);
    }

    fn hand_on(&mut self) {
        let next = self.slice.followed();
        self.pieces.push_back(Piece::Slice(mem::replace(&mut self.slice, next)));
    }
}

#[cfg(test)]
#[path = "loglines_tests.rs"]
mod tests;
