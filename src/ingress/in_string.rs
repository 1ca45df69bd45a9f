//! Skipping a string of JSON that arrives in pieces.

use memchr::memchr2;

/// What comes next inside a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InString {
    Plain,
    /// Whatever is escaped by the backslash before it.
    Escaped,
}

impl InString {
    /// Skips to behind the end of the string, or to the end of `bytes`; says how far, and what comes next of the
    /// string, where it has not ended.
    pub(super) fn skip(self, bytes: &[u8]) -> (usize, Option<Self>) {
        if bytes.is_empty() {
            return (0, Some(self));
        }
        let mut at = usize::from(self == Self::Escaped);
        while let Some(found) = memchr2(b'"', b'\\', &bytes[at..]) {
            at += found + 1;
            if bytes[at - 1] == b'"' {
                return (at, None);
            }
            if at == bytes.len() {
                return (at, Some(Self::Escaped));
            }
            at += 1;
        }
        (bytes.len(), Some(Self::Plain))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_string_ends_at_its_quote_however_it_is_cut() {
        use super::InString;
        let text = br#"a\"b\\\"c\\"d""#;
        for first in 0..12 {
            let (at, rest) = InString::Plain.skip(&text[..first]);
            assert_eq!(at, first);
            assert_eq!(rest.unwrap().skip(&text[first..]), (12 - first, None), "cut at {first}");
        }
    }
}
