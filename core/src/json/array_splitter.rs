//! Splits the entries out of a response while its body arrives.
//!
//! The body is one JSON object, and one of its members is a long array: `loglines` of a session log, or `data` of a
//! page of teleport events. [`ArraySplitter`] follows the text just closely enough to find that array and the commas
//! between its elements. It hands the elements on as text and keeps the rest, the *envelope*: the body with an empty
//! array in place of the long one.
//!
//! [`Elements`] receives the elements: it gathers them into batches of text ([`Batches`]), or searches them and keeps
//! none.
//!
//! Validity is checked elsewhere: the receiver of a batch parses it in full (V8's `JSON.parse`, or
//! [`super::pick_fields`]), and [`ArraySplitter::finish`] checks the envelope in full. A text is valid JSON exactly when
//! both are, so the splitter itself may be lenient: a bracket that it counted wrongly is one that the parser of that
//! batch refuses.

use super::batches::{Batches, SplitEvent};
use super::elements::Elements;
use super::envelope::Envelope;
use super::fields::key_matches;
use super::string::StringState;

pub struct ArraySplitter<E = Batches> {
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
    /// An array was found already.
    found: bool,
    elements: E,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the object, after `mark` bytes of a byte order mark.
    Start { mark: usize },
    /// Around the array.
    Around(Around),
    /// In the array, outside an element.
    Between { after_comma: bool },
    /// In an element.
    Element,
    /// The body cannot have the expected shape any more.
    Refused,
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
    /// Cuts the array under `key` into batches.
    pub fn new(key: &'static str) -> Self {
        Self::into_elements(key, Batches::default())
    }

    /// The next event that is ready.
    pub fn next_event(&mut self) -> Option<SplitEvent> {
        self.elements.next_event()
    }

    /// Ends the body. `None` where it was not a JSON object with an array under the key.
    pub fn finish(self) -> Option<Envelope> {
        self.finish_elements().map(|(envelope, _)| envelope)
    }
}

impl<E: Elements> ArraySplitter<E> {
    /// Passes the elements of the array under `key` to `elements`.
    pub fn into_elements(key: &'static str, elements: E) -> Self {
        Self {
            key,
            state: State::Start { mark: 0 },
            envelope: Vec::new(),
            depth: 0,
            nesting: 0,
            string: None,
            found: false,
            elements,
        }
    }

    /// Takes the next bytes of the body; a chunk may end anywhere.
    pub fn push(&mut self, mut chunk: &[u8]) {
        while !chunk.is_empty() {
            let consumed = match self.state {
                State::Start { mark } => self.start(chunk, mark),
                State::Around(around) => self.around(chunk, around),
                State::Between { after_comma } => self.between(chunk, after_comma),
                State::Element => self.element(chunk),
                State::Refused => return,
            };
            chunk = &chunk[consumed..];
            if self.envelope.len() > E::MAX_ENVELOPE_BYTES {
                self.refuse();
            }
        }
    }

    /// Says that an element was no JSON: what still comes is not looked at.
    pub fn refuse(&mut self) {
        self.state = State::Refused;
        self.envelope = Vec::new();
        self.elements.refuse();
    }

    /// Ends the body; returns the receiver of the elements, too. `None` where it was not a JSON object with an array under the
    /// key.
    pub fn finish_elements(self) -> Option<(Envelope, E)> {
        let State::Around(_) = self.state else { return None };
        let envelope = Envelope(match String::from_utf8(self.envelope) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        });
        let is_array = envelope.field(self.key)?.get().starts_with('[');
        is_array.then_some((envelope, self.elements))
    }

    /// Bytes of the body that it holds on to, those of the elements apart.
    #[cfg(test)]
    pub(crate) fn kept_bytes(&self) -> usize {
        self.envelope.capacity()
    }

    #[cfg(test)]
    pub(crate) fn elements(&self) -> &E {
        &self.elements
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
            self.elements.start_over();
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
                self.elements.begin();
                self.state = State::Element;
                return at;
            }
        }
        at + 1
    }

    fn element(&mut self, chunk: &[u8]) -> usize {
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
                    self.elements.extend(&chunk[..at]);
                    self.elements.end();
                    if end == b']' {
                        self.end_array();
                    } else {
                        self.state = State::Between { after_comma: true };
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
        self.elements.extend(chunk);
        chunk.len()
    }

    fn end_array(&mut self) {
        self.elements.end_array();
        self.state = State::Around(Around::Other);
    }
}
