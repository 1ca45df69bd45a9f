//! Picks fields out of one JSON object, as text.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The raw texts of the fields `names`, in that order; the last of duplicates wins, as in `JSON.parse`.
///
/// `None` where `text` is not one complete JSON object. All of the text is checked against the grammar, but no values
/// are built: the depth of nesting and the size of numbers do not matter.
pub fn pick_fields<'a, const N: usize>(text: &'a str, names: [&str; N]) -> Option<[Option<&'a RawValue>; N]> {
    let mut json = serde_json::Deserializer::from_str(text);
    let found = FieldPicker { names }.deserialize(&mut json).ok()?;
    json.end().ok()?;
    Some(found)
}

/// Whether `text` is one JSON value.
pub fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Whether the raw text of a key, quotes included, is `name`.
pub(crate) fn key_matches(raw: &str, name: &str) -> bool {
    let Some(inner) = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return false };
    // Only a key with an escape needs decoding. A key that cannot be decoded holds a lone surrogate.
    inner == name
        || (inner.contains('\\') && serde_json::from_str::<String>(raw).is_ok_and(|key| key == name))
}

/// The text of a JSON string; a lone surrogate in it reads as U+FFFD. `None` for any other value.
pub fn string(raw: &RawValue) -> Option<String> {
    struct Bytes;
    impl Visitor<'_> for Bytes {
        type Value = String;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }
        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
            Ok(decode_surrogates(bytes))
        }
    }
    if !raw.get().starts_with('"') {
        return None;
    }
    serde_json::Deserializer::from_str(raw.get()).deserialize_bytes(Bytes).ok()
}

/// Decodes UTF-8 in which lone surrogates are encoded like characters; each becomes one U+FFFD, as in V8.
fn decode_surrogates(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Err(error) = str::from_utf8(rest) {
        let (valid, surrogate) = rest.split_at(error.valid_up_to());
        text.push_str(&String::from_utf8_lossy(valid));
        text.push(char::REPLACEMENT_CHARACTER);
        rest = surrogate.get(3..).unwrap_or_default();
    }
    text.push_str(&String::from_utf8_lossy(rest));
    text
}

struct FieldPicker<'n, const N: usize> {
    names: [&'n str; N],
}

impl<'de, const N: usize> DeserializeSeed<'de> for FieldPicker<'_, N> {
    type Value = [Option<&'de RawValue>; N];

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, const N: usize> Visitor<'de> for FieldPicker<'_, N> {
    type Value = [Option<&'de RawValue>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = [None; N];
        // Keys as raw text, because a key with a lone surrogate must not make the object invalid.
        while let Some(key) = map.next_key::<&RawValue>()? {
            match self.names.iter().position(|name| key_matches(key.get(), name)) {
                Some(index) => found[index] = Some(map.next_value::<&RawValue>()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pick(text: &str) -> Option<Option<&str>> {
        pick_fields(text, ["uuid"]).map(|[uuid]| uuid.map(RawValue::get))
    }

    #[test]
    fn a_field_is_found_as_raw_text() {
        assert_eq!(pick(r#"{"type":"user","uuid":"a","n":1}"#), Some(Some(r#""a""#)));
        assert_eq!(pick(r#" { "uuid" : {"x":[1, 2]} } "#), Some(Some(r#"{"x":[1, 2]}"#)));
        assert_eq!(pick(r#"{"other":{"uuid":"a"}}"#), Some(None));
    }

    #[test]
    fn the_last_of_duplicate_keys_wins() {
        assert_eq!(pick(r#"{"uuid":"a","uuid":"b"}"#), Some(Some(r#""b""#)));
    }

    #[test]
    fn a_key_may_be_written_with_escapes() {
        assert_eq!(pick(r#"{"\u0075uid":"a"}"#), Some(Some(r#""a""#)));
    }

    #[test]
    fn an_object_with_a_lone_surrogate_is_accepted() {
        assert_eq!(pick(r#"{"\ud800":"\udc00","uuid":1}"#), Some(Some("1")));
    }

    #[test]
    fn numbers_and_nesting_have_no_limit() {
        let deep = format!(r#"{{"deep":{}{},"big":1E400,"uuid":-0}}"#, "[".repeat(5000), "]".repeat(5000));
        assert_eq!(pick(&deep), Some(Some("-0")));
    }

    #[test]
    fn a_text_that_is_not_one_complete_object_is_refused() {
        for text in [
            "",
            "null",
            "[]",
            "1",
            "{",
            r#"{"a":1"#,
            r#"{"a":1}}"#,
            r#"{"a":1,}"#,
            r#"{"a" 1}"#,
            "{'a':1}",
            "{\"a\":\"\u{1}\"}",
            "{\"\u{1}\":1}",
            r#"{"a":01}"#,
            r#"{"a":tru}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":[}"#,
        ] {
            assert_eq!(pick(text), None, "{text:?}");
        }
    }

    #[test]
    fn string_decodes_a_json_string_and_is_none_for_other_values() {
        let raw = |text: &str| RawValue::from_string(text.into()).unwrap();
        assert_eq!(string(&raw(r#""a\nö\u00f6""#)).as_deref(), Some("a\nöö"));
        assert_eq!(string(&raw(r#""a\ud800b\udc00\ud83d\ude00""#)).as_deref(), Some("a\u{fffd}b\u{fffd}😀"));
        assert_eq!(string(&raw("12")), None);
        assert_eq!(string(&raw("null")), None);
    }
}
