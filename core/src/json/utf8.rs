//! Converts the UTF-16 of V8 to UTF-8.

/// The text as UTF-8; lone surrogates become U+FFFD.
pub fn utf8_from_utf16(mut units: &[u16]) -> Vec<u8> {
    let mut all = 0;
    let narrow = |unit: &u16| {
        all |= *unit;
        *unit as u8
    };
    let mut text: Vec<u8> = units.iter().map(narrow).collect();
    if all < 0x80 {
        return text;
    }
    text.clear();
    text.reserve_exact(utf8_length(units));
    loop {
        let ascii = ascii_prefix(units);
        text.extend(units[..ascii].iter().map(|unit| *unit as u8));
        units = &units[ascii..];
        let Some(character) = char::decode_utf16(units.iter().copied()).next() else { return text };
        let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
        text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        units = &units[character.len_utf16()..];
    }
}

/// The length in UTF-8, in bytes; exact where all surrogates are in pairs.
fn utf8_length(units: &[u16]) -> usize {
    let length = |unit: &u16| match unit {
        0..0x80 => 1,
        0x80..0x800 | 0xd800..0xe000 => 2,
        _ => 3,
    };
    units.iter().map(length).sum()
}

/// The number of units before the first one that is not ASCII.
fn ascii_prefix(units: &[u16]) -> usize {
    // A chunk is compared many units at a time, which `position` does not do.
    const CHUNK: usize = 32;
    let is_ascii = |chunk: &[u16]| chunk.iter().fold(0, |all, unit| all | unit) < 0x80;
    let chunks = units.chunks_exact(CHUNK).take_while(|chunk| is_ascii(chunk)).count();
    let rest = &units[chunks * CHUNK..];
    chunks * CHUNK + rest.iter().take_while(|unit| **unit < 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf16_becomes_utf8_with_characters_at_any_offset() {
        for length in 0..100 {
            let text = format!("{}é日😀\u{7f}\u{80}{}", "x".repeat(length), "x".repeat(100 - length));
            let units: Vec<_> = text.encode_utf16().collect();
            assert_eq!(utf8_from_utf16(&units), text.as_bytes());
            assert_eq!(utf8_length(&units), text.len());
        }
    }

    #[test]
    fn a_lone_surrogate_becomes_a_replacement_character() {
        let units = [0x61, 0xd83d, 0x62, 0xde00, 0xd83d];
        assert_eq!(utf8_from_utf16(&units), "a\u{fffd}b\u{fffd}\u{fffd}".as_bytes());
    }
}
