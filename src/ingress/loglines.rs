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

use memchr::memchr2;
use serde_json::value::RawValue;

use super::members::{key_is, members};
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum InString {
    Plain,
    Escaped,
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
            if self.string.is_some() {
                at += self.skip_string(&chunk[at..]);
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
            if self.string.is_some() {
                at += self.skip_string(&chunk[at..]);
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
            self.hand_on();
        }
        self.state = State::Around(Around::Other);
    }

    fn hand_on(&mut self) {
        self.pieces.push_back(Piece::Slice(mem::take(&mut self.slice)));
    }

    /// Skips to behind the end of the string, or to the end of `bytes`; says how far.
    fn skip_string(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        if self.string == Some(InString::Escaped) {
            self.string = Some(InString::Plain);
            at = 1;
        }
        while let Some(found) = memchr2(b'"', b'\\', &bytes[at..]) {
            at += found + 1;
            if bytes[at - 1] == b'"' {
                self.string = None;
                return at;
            }
            if at == bytes.len() {
                self.string = Some(InString::Escaped);
                return at;
            }
            at += 1;
        }
        bytes.len()
    }
}

/// An answer without the elements of its long array.
#[derive(Debug)]
pub(crate) struct Skeleton(String);

impl Skeleton {
    /// The raw text of a member. The long array is `[]` here.
    pub(crate) fn member(&self, name: &str) -> Option<&RawValue> {
        let [value] = members(&self.0, [name])?;
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq)]
    struct Cut {
        entries: Vec<String>,
        skeleton: Option<String>,
    }

    /// Cuts `body`, given in chunks of `size` bytes.
    fn cut_by(body: &[u8], size: usize) -> Cut {
        let mut cutter = Cutter::new("loglines");
        let mut entries = Vec::new();
        for chunk in body.chunks(size) {
            cutter.push(chunk);
            while let Some(piece) = cutter.next_piece() {
                match piece {
                    Piece::Slice(slice) => entries
                        .extend(slice.entries().map(|entry| String::from_utf8_lossy(entry).into_owned())),
                    Piece::StartOver => entries.clear(),
                }
            }
        }
        Cut { entries, skeleton: cutter.finish().map(|skeleton| skeleton.0) }
    }

    /// Cuts `body` whole, and makes sure that it does not matter where the chunks end.
    fn cut(body: impl AsRef<[u8]>) -> Cut {
        let body = body.as_ref();
        let whole = cut_by(body, body.len().max(1));
        for size in 1..8 {
            let by_size = cut_by(body, size);
            assert_eq!(by_size.skeleton, whole.skeleton, "in chunks of {size}");
            if whole.skeleton.is_some() {
                assert_eq!(by_size, whole, "in chunks of {size}");
            }
        }
        whole
    }

    fn entries(body: impl AsRef<[u8]>) -> Vec<String> {
        let cut = cut(body);
        assert!(cut.skeleton.is_some());
        cut.entries
    }

    fn refused(body: impl AsRef<[u8]>) {
        let body = body.as_ref();
        assert_eq!(cut(body).skeleton, None, "{}", String::from_utf8_lossy(body));
    }

    #[test]
    fn entries_are_cut_at_the_commas_of_the_array() {
        assert_eq!(
            entries(r#"{"loglines":[{"a":1},[2,3],"x",-0,null]}"#),
            [r#"{"a":1}"#, "[2,3]", r#""x""#, "-0", "null"]
        );
        assert_eq!(entries(r#"{"loglines":[]}"#), [""; 0]);
        assert_eq!(entries("{\n\"loglines\"\t:\r[ ] }"), [""; 0]);
    }

    #[test]
    fn brackets_commas_and_quotes_inside_strings_do_not_count() {
        assert_eq!(
            entries(r#"{"loglines":["],[}\"{",{"k,\\":"\\\""}]}"#),
            [r#""],[}\"{""#, r#"{"k,\\":"\\\""}"#]
        );
    }

    #[test]
    fn what_stands_around_the_array_is_kept_without_it() {
        let cut = cut(r#"{"a":{"loglines":[1]},"loglines":[2,{"loglines":[3]}],"b":[{"loglines":4}]}"#);
        assert_eq!(cut.entries, ["2", r#"{"loglines":[3]}"#]);
        assert_eq!(cut.skeleton.unwrap(), r#"{"a":{"loglines":[1]},"loglines":[],"b":[{"loglines":4}]}"#);
    }

    #[test]
    fn of_duplicate_keys_the_last_one_counts() {
        assert_eq!(entries(r#"{"loglines":[1,2],"loglines":[3]}"#), ["3"]);
        assert_eq!(entries(r#"{"loglines":null,"loglines":[3]}"#), ["3"]);
        refused(r#"{"loglines":[1],"loglines":{}}"#);
    }

    #[test]
    fn the_key_may_be_written_with_escapes() {
        assert_eq!(entries(r#"{"log\u006cines":[1]}"#), ["1"]);
    }

    #[test]
    fn one_byte_order_mark_is_skipped_at_the_start() {
        assert_eq!(entries(b"\xEF\xBB\xBF{\"loglines\":[1]}"), ["1"]);
        refused(b"\xEF\xBB\xBF\xEF\xBB\xBF{\"loglines\":[1]}");
        refused(b" \xEF\xBB\xBF{\"loglines\":[1]}");
        refused(b"\xEF\xBB{\"loglines\":[1]}");
        refused(b"{\"loglines\":[1]}\xEF\xBB\xBF");
    }

    #[test]
    fn another_shape_is_refused() {
        for body in [
            "",
            " ",
            "null",
            "[]",
            "17",
            "\"loglines\"",
            "{}",
            "<html></html>",
            r#"["loglines",[1]]"#,
            r#"{"loglines":null}"#,
            r#"{"loglines":{}}"#,
            r#"{"loglines":"[]"}"#,
            r#"{"Loglines":[]}"#,
            r#"[{"loglines":[1]}]"#,
            r#"{"a":"loglines","b":[1]}"#,
        ] {
            refused(body);
        }
    }

    #[test]
    fn every_truncation_is_refused() {
        let body = r#" {"a":[1,{}], "loglines" : [ {"uuid":"a\"b"}, [1,[2]] ,3 ] ,"b":null} "#;
        let end = body.trim_end().len();
        for length in 0..end {
            refused(&body[..length]);
        }
        assert_eq!(entries(body).len(), 3);
    }

    #[test]
    fn malformed_surroundings_are_refused() {
        for body in [
            r#"{"loglines":[1]}}"#,
            r#"{"loglines":[1]}{}"#,
            r#"{"loglines":[1]} x"#,
            r#"{"loglines":[1]"#,
            r#"{"loglines" [1]}"#,
            r#"{"loglines":[1],}"#,
            r#"{,"loglines":[1]}"#,
            r#"{"a" "loglines":[1]}"#,
            r#"{"a":1 "loglines":[1]}"#,
            r#"{"loglines"::[1]}"#,
            r#"{"loglines":[1]:2}"#,
            r#"{"loglines":[1],"a":tru}"#,
            r#"{"a":"\x","loglines":[1]}"#,
            r#"{}{"loglines":[1]}"#,
            r#"{'loglines':[1]}"#,
            r#"{loglines:[1]}"#,
            "{\"loglines\":[1],\"a\":\"\u{1}\"}",
            "{\"loglines\":[1],\"\u{1}\":0}",
        ] {
            refused(body);
        }
    }

    #[test]
    fn empty_places_in_the_array_are_refused() {
        for body in [
            r#"{"loglines":[,]}"#,
            r#"{"loglines":[1,]}"#,
            r#"{"loglines":[,1]}"#,
            r#"{"loglines":[1,,2]}"#,
            r#"{"loglines":[1}]}"#,
            r#"{"loglines":[}]}"#,
        ] {
            refused(body);
        }
    }

    #[test]
    fn nesting_has_no_limit() {
        let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
        assert_eq!(entries(format!(r#"{{"x":{deep},"loglines":[{deep},1]}}"#)), [deep, "1".into()]);
    }

    #[test]
    fn slices_are_handed_on_when_they_are_full() {
        let entry = format!("\"{}\"", "x".repeat(1000));
        let body = format!(r#"{{"loglines":[{}]}}"#, vec![entry.as_str(); 1000].join(","));
        let mut cutter = Cutter::new("loglines");
        cutter.push(body.as_bytes());
        let mut sizes = Vec::new();
        while let Some(Piece::Slice(slice)) = cutter.next_piece() {
            let count = slice.len();
            assert_eq!(
                slice.into_json(),
                format!("[{}]", vec![entry.as_str(); count].join(",")).into_bytes()
            );
            sizes.push(count);
        }
        assert_eq!(sizes.iter().sum::<usize>(), 1000);
        assert_eq!(sizes.len(), 4);
    }

    #[test]
    fn an_element_that_is_no_json_is_left_to_whoever_parses_the_slice() {
        assert_eq!(entries(r#"{"loglines":[{"a":1],[}]}"#), [r#"{"a":1]"#, "[}"]);
    }
}
