//! The uuid of an entry, as the protocol uses it.

use std::fmt;
use std::hash::{Hash, Hasher};

use reqwest::header::HeaderValue;
use uuid::Uuid;

/// The `uuid` of an entry: opaque bytes on the wire, compared as UUIDs. Never empty.
///
/// The bytes of an entry or a server are sent back unchanged. Two values are equal when both parse as the same UUID (so
/// letter case does not matter), else when their bytes are equal.
#[derive(Clone)]
pub struct EntryUuid(Box<[u8]>);

impl EntryUuid {
    /// `None` for an empty text.
    pub fn new(text: impl AsRef<[u8]>) -> Option<Self> {
        let text = text.as_ref();
        (!text.is_empty()).then(|| Self(text.into()))
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The value of a header; `None` where it has control characters. The protocol then treats it as no head.
    pub fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_bytes(&self.0).ok()
    }

    fn parsed(&self) -> Option<Uuid> {
        Uuid::try_parse_ascii(&self.0).ok()
    }
}

impl PartialEq for EntryUuid {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || matches!((self.parsed(), other.parsed()), (Some(a), Some(b)) if a == b)
    }
}

impl Eq for EntryUuid {}

impl Hash for EntryUuid {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.parsed() {
            Some(uuid) => uuid.hash(state),
            None => self.0.hash(state),
        }
    }
}

impl fmt::Display for EntryUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for EntryUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntryUuid({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uuid(text: &str) -> EntryUuid {
        EntryUuid::new(text).unwrap()
    }

    #[test]
    fn uuids_that_differ_in_letter_case_are_equal() {
        let lower = uuid("0b8e8ac2-92f2-4e6c-9d0e-5d3b1f9f6c11");
        assert_eq!(lower, uuid("0B8E8AC2-92F2-4E6C-9D0E-5D3B1F9F6C11"));
        assert_ne!(lower, uuid("0b8e8ac2-92f2-4e6c-9d0e-5d3b1f9f6c12"));
    }

    #[test]
    fn texts_that_are_not_uuids_are_compared_byte_for_byte() {
        assert_eq!(uuid("msg_001"), uuid("msg_001"));
        assert_ne!(uuid("msg_001"), uuid("MSG_001"));
    }

    #[test]
    fn the_header_has_the_bytes_of_the_entry() {
        assert_eq!(
            uuid("0B8E8AC2-92f2-4E6C-9d0e-5D3B1F9F6C11").header().unwrap(),
            "0B8E8AC2-92f2-4E6C-9d0e-5D3B1F9F6C11"
        );
        assert_eq!(EntryUuid::new(b"\xE9t\xE9").unwrap().header().unwrap().as_bytes(), b"\xE9t\xE9");
    }

    #[test]
    fn a_uuid_with_control_characters_has_no_header_value() {
        assert!(uuid("a\nb").header().is_none());
        assert!(uuid("a\u{7f}b").header().is_none());
    }

    #[test]
    fn an_empty_text_is_not_an_entry_uuid() {
        assert!(EntryUuid::new("").is_none());
    }
}
