//! Skips JSON strings that arrive in chunks.

use memchr::memchr;

/// The state inside a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StringState {
    Plain,
    /// After a backslash that escapes the next byte.
    Escaped,
}

impl StringState {
    /// Skips past the end of the string, or to the end of `bytes`. Returns the number of bytes skipped, and the state
    /// of the string where it has not ended.
    pub(super) fn skip(self, bytes: &[u8]) -> (usize, Option<Self>) {
        if bytes.is_empty() {
            return (0, Some(self));
        }
        let mut at = usize::from(self == Self::Escaped);
        // From quote to quote: a text of many lines has many more backslashes than quotes.
        while let Some(found) = memchr(b'"', &bytes[at..]) {
            let before = &bytes[at..at + found];
            at += found + 1;
            if !ends_escaping(before) {
                return (at, None);
            }
        }
        (bytes.len(), Some(if ends_escaping(&bytes[at..]) { Self::Escaped } else { Self::Plain }))
    }
}

/// Whether the last backslash of `text` escapes the byte after it. `text` begins outside an escape.
fn ends_escaping(text: &[u8]) -> bool {
    text.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_string_ends_at_its_closing_quote_wherever_the_chunks_end() {
        use super::StringState;
        let text = br#"a\"b\\\"c\\"d""#;
        for first in 0..12 {
            let (at, rest) = StringState::Plain.skip(&text[..first]);
            assert_eq!(at, first);
            assert_eq!(rest.unwrap().skip(&text[first..]), (12 - first, None), "cut at {first}");
        }
    }
}
