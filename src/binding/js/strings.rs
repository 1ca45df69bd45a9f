//! Strings, to and from V8.

use std::cell::RefCell;
use std::ptr;

use napi::{Env, JsValue, sys};

use super::{Thrown, Value, or_thrown, undefined};

pub(in crate::binding) fn string<'e>(env: &'e Env, text: &str) -> Value<'e> {
    make!(env, napi_create_string_utf8, text.as_ptr().cast(), text.len() as isize)
}

/// A string of the characters with these codes; fails where it would be longer than V8's strings can be.
pub(in crate::binding) fn string_from_latin1<'e>(env: &'e Env, text: &[u8]) -> Result<Value<'e>, Thrown<'e>> {
    try_make!(env, napi_create_string_latin1, text.as_ptr().cast(), text.len() as isize)
}

/// A string of these UTF-16 units; fails where it would be longer than V8's strings can be.
pub(in crate::binding) fn string_from_utf16<'e>(env: &'e Env, text: &[u16]) -> Result<Value<'e>, Thrown<'e>> {
    try_make!(env, napi_create_string_utf16, text.as_ptr(), text.len() as isize)
}

/// Up to so many UTF-16 units, a text is copied once more on its way to UTF-8: for longer ones, the memory for that
/// costs more than it saves.
const SHORT: usize = 64 * 1024;

thread_local! {
    /// Where the UTF-16 of short texts stands meanwhile: memory that is there already.
    static UNITS: RefCell<Vec<u16>> = const { RefCell::new(Vec::new()) };
}

/// The text of a string as UTF-8, lone surrogates as U+FFFD; `None` where the value is no string.
///
/// V8 counts and writes UTF-8 from character to character. What it copies as it is goes at the speed of memory, and
/// so does what becomes of that here, where it is ASCII.
pub(in crate::binding) fn as_utf8(env: &Env, value: Value<'_>) -> Option<Vec<u8>> {
    let units = length(env, value, sys::napi_get_value_string_latin1)?;
    if units <= SHORT {
        return Some(UNITS.with_borrow_mut(|text| {
            read_utf16(env, value, units, text);
            to_utf8(text)
        }));
    }
    let bytes = length(env, value, sys::napi_get_value_string_utf8)?;
    // As many bytes as units: it is ASCII.
    let read =
        if bytes == units { sys::napi_get_value_string_latin1 } else { sys::napi_get_value_string_utf8 };
    let mut text = Vec::<u8>::with_capacity(bytes + 1);
    let mut written = 0;
    // SAFETY: the buffer has the room that is named, one for the NUL included that Node-API writes behind the
    // text, and `written` bytes of it are written.
    unsafe {
        read(env.raw(), value.raw(), text.as_mut_ptr().cast(), bytes + 1, &mut written);
        text.set_len(written);
    }
    Some(text)
}

/// A Node-API function that reads a string.
type Read<T> = unsafe fn(sys::napi_env, sys::napi_value, *mut T, usize, *mut usize) -> sys::napi_status;

/// How long a string is as `read` reads it; `None` where the value is no string.
fn length<T>(env: &Env, value: Value<'_>, read: Read<T>) -> Option<usize> {
    let mut length = 0;
    // SAFETY: with no buffer, only the length is asked for.
    let status = unsafe { read(env.raw(), value.raw(), ptr::null_mut(), 0, &mut length) };
    (status == sys::Status::napi_ok).then_some(length)
}

fn to_utf8(mut units: &[u16]) -> Vec<u8> {
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

/// How many bytes some UTF-16 has as UTF-8, where all of its surrogates are in pairs.
fn utf8_length(units: &[u16]) -> usize {
    let length = |unit: &u16| match unit {
        0..0x80 => 1,
        0x80..0x800 | 0xd800..0xe000 => 2,
        _ => 3,
    };
    units.iter().map(length).sum()
}

/// How many units there are before the first one that is not ASCII.
fn ascii_prefix(units: &[u16]) -> usize {
    // Whole chunks are looked at many units at once, which `position` does not do.
    const CHUNK: usize = 32;
    let is_ascii = |chunk: &[u16]| chunk.iter().fold(0, |all, unit| all | unit) < 0x80;
    let chunks = units.chunks_exact(CHUNK).take_while(|chunk| is_ascii(chunk)).count();
    let rest = &units[chunks * CHUNK..];
    chunks * CHUNK + rest.iter().take_while(|unit| **unit < 0x80).count()
}

/// [`as_utf8`] as a `String`.
pub(in crate::binding) fn as_string(env: &Env, value: Value<'_>) -> Option<String> {
    let text = as_utf8(env, value)?;
    Some(
        String::from_utf8(text)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    )
}

/// The UTF-16 units of a string; `None` where the value is no string.
pub(in crate::binding) fn as_utf16(env: &Env, value: Value<'_>) -> Option<Vec<u16>> {
    let length = length(env, value, sys::napi_get_value_string_utf16)?;
    let mut units = Vec::new();
    read_utf16(env, value, length, &mut units);
    Some(units)
}

/// Reads the first `length` units of a string in the place of what `units` holds.
fn read_utf16(env: &Env, value: Value<'_>, length: usize, units: &mut Vec<u16>) {
    units.clear();
    // One more for the NUL that Node-API writes behind the text.
    units.reserve(length + 1);
    let mut written = 0;
    // SAFETY: the buffer has the room that is named, and `written` units of it are written.
    unsafe {
        let buffer = units.as_mut_ptr();
        sys::napi_get_value_string_utf16(env.raw(), value.raw(), buffer, length + 1, &mut written);
        units.set_len(written);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf16_becomes_utf8_wherever_a_character_stands() {
        for length in 0..100 {
            let text = format!("{}é日😀\u{7f}\u{80}{}", "x".repeat(length), "x".repeat(100 - length));
            let units: Vec<_> = text.encode_utf16().collect();
            assert_eq!(to_utf8(&units), text.as_bytes());
            assert_eq!(utf8_length(&units), text.len());
        }
    }

    #[test]
    fn a_lone_surrogate_becomes_a_replacement_character() {
        let units = [0x61, 0xd83d, 0x62, 0xde00, 0xd83d];
        assert_eq!(to_utf8(&units), "a\u{fffd}b\u{fffd}\u{fffd}".as_bytes());
    }
}
