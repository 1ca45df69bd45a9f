//! JSON text in the form in which V8 takes it fastest.

/// JSON text that becomes a V8 string by a plain copy: transcoding is done here, off the JavaScript thread.
#[derive(Debug, PartialEq, Eq)]
pub enum JsonText {
    /// One byte for each character: half the memory of the other, and the faster one to parse.
    Latin1(Vec<u8>),
    Utf16(Vec<u16>),
}

/// Where more than one in so many bytes begins a character beyond Latin-1, escaping them costs more than it
/// saves.
const ESCAPED_AT_MOST: usize = 64;

impl JsonText {
    /// The length of the string that it becomes, in UTF-16 units.
    pub fn characters(&self) -> usize {
        match self {
            Self::Latin1(text) => text.len(),
            Self::Utf16(text) => text.len(),
        }
    }

    /// Invalid UTF-8 reads as U+FFFD.
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

/// The text with characters beyond Latin-1 as `\uXXXX`. `None` where there are many, or where one stands
/// behind a backslash: that is no valid escape, and must not become one.
///
/// Outside of a string such a character is as wrong as an escape is, so that what was invalid stays so.
fn escape_beyond_latin1(text: &str) -> Option<Vec<u8>> {
    let mut escapes_left = text.len() / ESCAPED_AT_MOST;
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

/// How many bytes there are before the first one that is not ASCII.
fn ascii_prefix(text: &[u8]) -> usize {
    // Whole chunks are compared many bytes at once, which `position` does not do.
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

    /// Text around the characters, so that they are few.
    fn among_others(text: &str) -> String {
        format!("[\"{}{text}\"]", "x".repeat(1000))
    }

    #[test]
    fn latin1_stays_as_it_is() {
        for text in ["[1]", r#"["größer \\ß ÿ"]"#, ""] {
            assert_eq!(latin1(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn a_few_characters_beyond_latin1_are_escaped() {
        let text = among_others("日é😀\u{fffd}\u{2028}");
        assert_eq!(latin1(&text), Some(among_others(r"\u65e5é\ud83d\ude00\ufffd\u2028")));
    }

    #[test]
    fn a_character_is_found_wherever_it_stands() {
        for length in 0..200 {
            let text = format!("[\"{}é日{}\"]", "x".repeat(length), "x".repeat(200 - length));
            assert_eq!(latin1(&text).as_deref(), Some(&*text.replace('日', r"\u65e5")));
        }
    }

    #[test]
    fn many_of_them_make_it_utf16() {
        assert_eq!(latin1(r#"["日本語"]"#), None);
    }

    #[test]
    fn what_is_no_escape_does_not_become_one() {
        assert_eq!(latin1(&among_others(r"\日")), None);
        // Here the backslash is escaped itself; that is just not looked into.
        assert_eq!(latin1(&among_others(r"\\日")), None);
        assert_eq!(latin1(&among_others(r"\n日")), Some(among_others(r"\n\u65e5")));
    }

    #[test]
    fn invalid_utf8_reads_as_the_replacement_character() {
        let mut text = among_others("").into_bytes();
        text.splice(5..5, [0xff]);
        let expected = String::from_utf8_lossy(&text).replace('\u{fffd}', r"\ufffd");
        assert_eq!(JsonText::from_utf8(text), JsonText::Latin1(expected.into_bytes()));
    }
}
