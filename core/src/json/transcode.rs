//! JSON text in the encoding that V8 copies fastest.

/// JSON text that becomes a V8 string by a plain copy, because it was transcoded off the JavaScript thread.
#[derive(Debug, PartialEq, Eq)]
pub enum JsonText {
    /// One byte for each character: half the memory of UTF-16, and faster to parse.
    Latin1(Vec<u8>),
    Utf16(Vec<u16>),
}

/// Minimum number of bytes of text for each escaped character. Where a text has more characters beyond Latin-1,
/// escaping them costs more than it saves.
const BYTES_PER_ESCAPE: usize = 64;

impl JsonText {
    /// The length of the resulting string, in UTF-16 units.
    pub fn characters(&self) -> usize {
        match self {
            Self::Latin1(text) => text.len(),
            Self::Utf16(text) => text.len(),
        }
    }

    /// Transcodes UTF-8; invalid bytes become U+FFFD.
    pub fn from_utf8(text: Vec<u8>) -> Self {
        if text.is_ascii() {
            return Self::Latin1(text);
        }
        let text = match String::from_utf8(text) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        };
        match escape_beyond_latin1(&text) {
            Some(latin1) => Self::Latin1(latin1),
            None => Self::Utf16(text.encode_utf16().collect()),
        }
    }
}

/// The text with characters beyond Latin-1 as `\uXXXX`. `None` where there are many of them, or where one follows a
/// backslash: that is not a valid escape, and must not become one.
///
/// Outside a string, such a character is as invalid as the escape, so that invalid text stays invalid.
fn escape_beyond_latin1(text: &str) -> Option<Vec<u8>> {
    let mut escapes_left = text.len() / BYTES_PER_ESCAPE;
    let mut latin1 = Vec::with_capacity(text.len() + 5 * escapes_left.min(1024));
    let mut rest = text;
    loop {
        let (ascii, other) = rest.split_at(ascii_prefix(rest.as_bytes()));
        latin1.extend_from_slice(ascii.as_bytes());
        let Some(character) = other.chars().next() else { return Some(latin1) };
        rest = &other[character.len_utf8()..];
        match u8::try_from(character) {
            Ok(byte) => latin1.push(byte),
            Err(_) => {
                escapes_left = escapes_left.checked_sub(1)?;
                if latin1.last() == Some(&b'\\') {
                    return None;
                }
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    latin1.extend_from_slice(b"\\u");
                    latin1.extend([12, 8, 4, 0].map(|shift| hex_digit(*unit >> shift)));
                }
            }
        }
    }
}

/// The number of bytes before the first one that is not ASCII.
fn ascii_prefix(text: &[u8]) -> usize {
    // A chunk is compared many bytes at a time, which `position` does not do.
    const CHUNK: usize = 64;
    let chunks = text.chunks_exact(CHUNK).take_while(|chunk| chunk.is_ascii()).count();
    let rest = &text[chunks * CHUNK..];
    chunks * CHUNK + rest.iter().take_while(|byte| byte.is_ascii()).count()
}

fn hex_digit(value: u16) -> u8 {
    b"0123456789abcdef"[usize::from(value & 0xf)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latin1(text: &str) -> Option<String> {
        match JsonText::from_utf8(text.as_bytes().to_vec()) {
            JsonText::Latin1(bytes) => Some(bytes.into_iter().map(char::from).collect()),
            JsonText::Utf16(units) => {
                assert_eq!(units, text.encode_utf16().collect::<Vec<_>>());
                None
            }
        }
    }

    /// The characters at the end of a long text, so that they are few.
    fn in_long_text(text: &str) -> String {
        format!("[\"{}{text}\"]", "x".repeat(1000))
    }

    #[test]
    fn latin1_text_is_unchanged() {
        for text in ["[1]", r#"["größer \\ß ÿ"]"#, ""] {
            assert_eq!(latin1(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn a_few_characters_beyond_latin1_are_escaped() {
        let text = in_long_text("日é😀\u{fffd}\u{2028}");
        assert_eq!(latin1(&text), Some(in_long_text(r"\u65e5é\ud83d\ude00\ufffd\u2028")));
    }

    #[test]
    fn a_character_beyond_latin1_is_found_at_any_offset() {
        for length in 0..200 {
            let text = format!("[\"{}é日{}\"]", "x".repeat(length), "x".repeat(200 - length));
            assert_eq!(latin1(&text).as_deref(), Some(&*text.replace('日', r"\u65e5")));
        }
    }

    #[test]
    fn many_characters_beyond_latin1_make_the_text_utf16() {
        assert_eq!(latin1(r#"["日本語"]"#), None);
    }

    #[test]
    fn an_invalid_escape_does_not_become_a_valid_one() {
        assert_eq!(latin1(&in_long_text(r"\日")), None);
        // This backslash is escaped itself: valid, but `escape_beyond_latin1` does not look further back.
        assert_eq!(latin1(&in_long_text(r"\\日")), None);
        assert_eq!(latin1(&in_long_text(r"\n日")), Some(in_long_text(r"\n\u65e5")));
    }

    #[test]
    fn invalid_utf8_becomes_the_replacement_character() {
        let mut text = in_long_text("").into_bytes();
        text.splice(5..5, [0xff]);
        let expected = String::from_utf8_lossy(&text).replace('\u{fffd}', r"\ufffd");
        assert_eq!(JsonText::from_utf8(text), JsonText::Latin1(expected.into_bytes()));
    }
}
