//! Finds one string among the fields of an object whose text arrives in chunks and is not kept.

use serde_json::value::RawValue;

use super::fields::{key_matches, string};
use super::string::StringState;

/// Most bytes of text, escapes included, that a value may have. What is longer counts as none.
const MAX_VALUE_BYTES: usize = 16 * 1024;

/// Finds the string under one key of an object, and keeps nothing of the rest: what it needs has a bound, whatever
/// passes.
///
/// Finds the same as parsing the whole text, where that is valid: the last of duplicates wins, the key may be
/// written with escapes, and a value that is no string counts as none.
pub struct FieldScanner {
    key: &'static str,
    place: Place,
    /// Brackets open inside the element.
    depth: usize,
    string: Option<StringState>,
    /// The text so far of the key or the value, its first quote included.
    raw: Vec<u8>,
    value: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the element.
    Start,
    /// In an element that is no object.
    NoObject,
    /// Before a key of the object.
    Key,
    InKey,
    /// Behind the key that is looked for.
    Colon,
    /// Before its value.
    Value,
    InValue,
    /// Anywhere else in the object.
    Other,
}

impl FieldScanner {
    pub fn new(key: &'static str) -> Self {
        Self { key, place: Place::Start, depth: 0, string: None, raw: Vec::new(), value: None }
    }

    /// Takes the next part of the element.
    pub fn push(&mut self, text: &[u8]) {
        let mut at = 0;
        while at < text.len() && self.place != Place::NoObject {
            match self.string {
                Some(string) => {
                    let (skipped, rest) = string.skip(&text[at..]);
                    self.string = rest;
                    self.in_string(&text[at..at + skipped]);
                    at += skipped;
                }
                None => {
                    self.between_strings(text[at]);
                    at += 1;
                }
            }
        }
    }

    /// Ends the element: the string that was found in it. Then the next element can begin.
    pub fn take(&mut self) -> Option<String> {
        (self.place, self.depth, self.string) = (Place::Start, 0, None);
        self.raw.clear();
        self.value.take()
    }

    fn between_strings(&mut self, byte: u8) {
        match byte {
            b' ' | b'\n' | b'\r' | b'\t' => {}
            b'{' if self.place == Place::Start => (self.place, self.depth) = (Place::Key, 1),
            _ if self.place == Place::Start => self.place = Place::NoObject,
            b'"' => {
                self.string = Some(StringState::Plain);
                self.raw.clear();
                self.raw.push(b'"');
                self.place = match self.place {
                    Place::Key => Place::InKey,
                    Place::Value => Place::InValue,
                    _ => Place::Other,
                };
            }
            b':' if self.place == Place::Colon => (self.place, self.value) = (Place::Value, None),
            b',' if self.depth == 1 => self.place = Place::Key,
            _ => {
                match byte {
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
                self.place = Place::Other;
            }
        }
    }

    /// Takes a part of a string; `self.string` says whether it has ended.
    fn in_string(&mut self, piece: &[u8]) {
        let most = match self.place {
            // Each character of a key takes six bytes at most, as an escape.
            Place::InKey => 6 * self.key.len() + 2,
            Place::InValue => MAX_VALUE_BYTES,
            _ => return,
        };
        if self.raw.len() + piece.len() > most {
            self.place = Place::Other;
            return;
        }
        self.raw.extend_from_slice(piece);
        if self.string.is_none() {
            let raw = String::from_utf8_lossy(&self.raw);
            self.place = if self.place == Place::InValue {
                self.value = serde_json::from_str::<&RawValue>(&raw).ok().and_then(string);
                Place::Other
            } else if key_matches(&raw, self.key) {
                Place::Colon
            } else {
                Place::Other
            };
        }
    }

    /// The number of bytes that it holds on to.
    #[cfg(test)]
    pub(crate) fn kept_bytes(&self) -> usize {
        self.raw.capacity() + self.value.as_ref().map_or(0, String::capacity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The uuid of an element, wherever its text is cut.
    fn uuid(text: &str) -> Option<String> {
        let by = |size: usize| {
            let mut scanner = FieldScanner::new("uuid");
            text.as_bytes().chunks(size).for_each(|piece| scanner.push(piece));
            scanner.take()
        };
        let whole = by(text.len());
        (1..8).for_each(|size| assert_eq!(by(size), whole, "in pieces of {size}"));
        whole
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn the_field_of_the_object_is_found_and_not_one_further_in() {
        assert_eq!(uuid(r#"{"type":"user","uuid":"a","n":1}"#), some("a"));
        assert_eq!(uuid("{\n\"uuid\" :\t\"a\" }"), some("a"));
        assert_eq!(uuid(r#"{"x":{"uuid":"b"},"y":[{"uuid":"c"}],"uuid":"a"}"#), some("a"));
        assert_eq!(uuid(r#"{"uuid":"a","x":{"uuid":"b"}}"#), some("a"));
        assert_eq!(uuid(r#"{"x":{"uuid":"b"},"y":"\"uuid\":\"c\",","z":["uuid",":","d"]}"#), None);
    }

    #[test]
    fn the_last_of_duplicates_wins_also_where_it_is_no_string() {
        assert_eq!(uuid(r#"{"uuid":"a","uuid":"b"}"#), some("b"));
        for last in ["5", "null", "true", r#"{"uuid":"b"}"#, r#"["b"]"#] {
            assert_eq!(uuid(&format!(r#"{{"uuid":"a","uuid":{last},"x":"c"}}"#)), None, "{last}");
        }
    }

    #[test]
    fn keys_and_values_may_be_written_with_escapes() {
        assert_eq!(
            uuid(r#"{"\u0075\u0075\u0069\u0064":"\u0061\n\"\ud83d\ude00\ud800"}"#),
            some("a\n\"😀\u{fffd}")
        );
        assert_eq!(uuid(r#"{"uuid\\":"a","\"uuid":"b","uuidd":"c"}"#), None);
    }

    #[test]
    fn what_is_no_object_has_no_field() {
        for text in [r#""uuid""#, "5", "null", r#"["uuid","a"]"#, r#"["x",{"uuid":"a"}]"#, "{}"] {
            assert_eq!(uuid(text), None, "{text}");
        }
    }

    #[test]
    fn a_value_of_16_kib_is_found_and_a_longer_one_is_none() {
        let long = "x".repeat(MAX_VALUE_BYTES - 2);
        assert_eq!(uuid(&format!(r#"{{"uuid":"{long}"}}"#)), some(&long));
        assert_eq!(uuid(&format!(r#"{{"uuid":"{long}x"}}"#)), None);
        assert_eq!(uuid(&format!(r#"{{"uuid":"a","uuid":"{long}x"}}"#)), None);
    }

    #[test]
    fn one_element_leaves_nothing_to_the_next_one() {
        let mut scanner = FieldScanner::new("uuid");
        for (text, uuid) in
            [(r#"{"uuid":"a"}"#, some("a")), (r#"[{"#, None), (r#"{"x":"uuid"#, None), ("{}", None)]
        {
            scanner.push(text.as_bytes());
            assert_eq!(scanner.take(), uuid, "{text}");
        }
    }
}
