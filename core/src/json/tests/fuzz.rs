//! Property tests of the transcoding of JSON text for V8; see [`crate::testing::fuzz`].

use serde::de::IgnoredAny;
use serde_json::Value;

use crate::json::JsonText;
use crate::testing::fuzz::{Result, Unstructured, fuzz};

/// Random JSON text, often long enough for its few characters beyond Latin-1 to be escaped.
fn json(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    const FRAGMENTS: [&[u8]; 20] = [
        b"a",
        b"\\\"",
        b"\\\\",
        b"\\n",
        b"\\u65e5",
        b"\\ud83d",
        b"\\",
        b"\"",
        b"\",\"",
        b" ",
        "é".as_bytes(),
        "ÿ".as_bytes(),
        "Ā".as_bytes(),
        "日".as_bytes(),
        "😀".as_bytes(),
        "\u{2028}".as_bytes(),
        "\u{fffd}".as_bytes(),
        b"\xff",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x98",
    ];
    let mut text = b"[\"".to_vec();
    text.resize(*u.choose(&[2, 200, 1000])?, b'x');
    for _ in 0..u.int_in_range(0..=10)? {
        text.extend_from_slice(u.choose(&FRAGMENTS)?);
    }
    text.extend_from_slice(b"\"]");
    Ok(text)
}

/// The string that V8 makes of the text.
fn decode(text: JsonText) -> String {
    match text {
        JsonText::Latin1(bytes) => bytes.into_iter().map(char::from).collect(),
        JsonText::Utf16(units) => String::from_utf16(&units).unwrap(),
    }
}

#[test]
fn transcoded_text_has_the_same_validity_and_value() {
    fuzz("text", |u| {
        let bytes = json(u)?;
        let original = String::from_utf8_lossy(&bytes).into_owned();
        let transcoded = decode(JsonText::from_utf8(bytes));
        let is_valid = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok();
        assert_eq!(is_valid(&transcoded), is_valid(&original), "{original:?}");
        // serde_json has no value for the escape of a lone surrogate, and only for that.
        match serde_json::from_str::<Value>(&original) {
            Ok(value) => {
                assert_eq!(serde_json::from_str::<Value>(&transcoded).ok(), Some(value), "{original:?}")
            }
            Err(_) => assert_eq!(unescaped(&transcoded), unescaped(&original)),
        }
        Ok(())
    });
}

/// The UTF-16 units of the text, with each `\uXXXX` decoded.
fn unescaped(text: &str) -> Vec<u16> {
    let (mut units, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find("\\u") {
        units.extend(rest[..at].encode_utf16());
        rest = &rest[at + 2..];
        match rest.get(..4).and_then(|digits| u16::from_str_radix(digits, 16).ok()) {
            Some(unit) => {
                units.push(unit);
                rest = &rest[4..];
            }
            None => units.extend("\\u".encode_utf16()),
        }
    }
    units.extend(rest.encode_utf16());
    units
}
