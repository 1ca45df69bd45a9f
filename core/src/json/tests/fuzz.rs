//! Property tests of how text reaches V8; see [`crate::testing::fuzz`].

use serde::de::IgnoredAny;
use serde_json::Value;

use crate::json::JsonText;
use crate::testing::fuzz::{Result, Unstructured, fuzz};

/// Text that is long enough for its few characters beyond Latin-1 to be escaped.
fn json(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    const PIECES: [&[u8]; 20] = [
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
        text.extend_from_slice(u.choose(&PIECES)?);
    }
    text.extend_from_slice(b"\"]");
    Ok(text)
}

/// The text that V8 gets.
fn decode(text: JsonText) -> String {
    match text {
        JsonText::Latin1(bytes) => bytes.into_iter().map(char::from).collect(),
        JsonText::Utf16(units) => String::from_utf16(&units).unwrap(),
    }
}

#[test]
fn text_for_v8_says_the_same_as_the_text_that_came() {
    fuzz("text", |u| {
        let bytes = json(u)?;
        let came = String::from_utf8_lossy(&bytes).into_owned();
        let given = decode(JsonText::from_utf8(bytes));
        let is_valid = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok();
        assert_eq!(is_valid(&given), is_valid(&came), "{came:?}");
        // Escapes of lone surrogates are the one thing that serde_json has no value for.
        match serde_json::from_str::<Value>(&came) {
            Ok(value) => assert_eq!(serde_json::from_str::<Value>(&given).ok(), Some(value), "{came:?}"),
            Err(_) => assert_eq!(unescaped(&given), unescaped(&came)),
        }
        Ok(())
    });
}

/// Escapes beyond Latin-1 as the characters that they are, where they are such.
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
