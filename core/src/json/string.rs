//! Skipping a string of JSON that arrives in events.

use memchr::memchr;

/// What comes next inside a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StringState {
    Plain,
    /// Whatever is escaped by the backslash before it.
    Escaped,
}

impl StringState {
    /// Skips to behind the end of the string, or to the end of `bytes`; says how far, and what comes next of the
    /// string, where it has not ended.
    pub(super) fn skip(self, bytes: &[u8]) -> (usize, Option<Self>) {
        if bytes.is_empty() {
            return (0, Some(self));
        }
        let mut at = usize::from(self == Self::Escaped);
        // From quote to quote, and not by every backslash: in text of many lines there are many more of those.
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

/// Whether what follows on `text`, which begins outside of an escape, is escaped by its last backslash.
fn ends_escaping(text: &[u8]) -> bool {
    text.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_string_ends_at_its_quote_however_it_is_cut() {
        use super::StringState;
        let text = br#"a\"b\\\"c\\"d""#;
        for first in 0..12 {
            let (at, rest) = StringState::Plain.skip(&text[..first]);
            assert_eq!(at, first);
            assert_eq!(rest.unwrap().skip(&text[first..]), (12 - first, None), "cut at {first}");
        }
    }
}
