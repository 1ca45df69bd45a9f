//! Strings, to and from V8.

use std::ptr;

use napi::{Env, JsValue, sys};

use super::{Value, value};

pub(in crate::binding) fn string<'e>(env: &'e Env, text: &str) -> Value<'e> {
    make!(env, napi_create_string_utf8, text.as_ptr().cast(), text.len() as isize)
}

pub(in crate::binding) fn string_from_latin1<'e>(env: &'e Env, text: &[u8]) -> Value<'e> {
    make!(env, napi_create_string_latin1, text.as_ptr().cast(), text.len() as isize)
}

pub(in crate::binding) fn string_from_utf16<'e>(env: &'e Env, text: &[u16]) -> Value<'e> {
    make!(env, napi_create_string_utf16, text.as_ptr(), text.len() as isize)
}

/// The text of a string as UTF-8, lone surrogates as U+FFFD; `None` where the value is no string.
pub(in crate::binding) fn as_utf8(env: &Env, value: Value<'_>) -> Option<Vec<u8>> {
    // The number of UTF-16 units is known to V8, the number of UTF-8 bytes costs it a pass over the text: most
    // text is ASCII, and fits into as many bytes.
    let mut units = 0;
    // SAFETY: with no buffer, only the length is asked for.
    let status =
        unsafe { sys::napi_get_value_string_latin1(env.raw(), value.raw(), ptr::null_mut(), 0, &mut units) };
    if status != sys::Status::napi_ok {
        return None;
    }
    // A character that did not fit leaves up to three bytes of the room unused.
    let (text, room) = read_utf8(env, value, units + 4);
    if text.len() < room - 3 {
        return Some(text);
    }
    let mut length = 0;
    // SAFETY: with no buffer, only the length is asked for.
    unsafe { sys::napi_get_value_string_utf8(env.raw(), value.raw(), ptr::null_mut(), 0, &mut length) };
    Some(read_utf8(env, value, length).0)
}

/// At most `length` bytes of a string's text, in whole characters, and the room that there was for them.
fn read_utf8(env: &Env, value: Value<'_>, length: usize) -> (Vec<u8>, usize) {
    // One more for the NUL that Node-API writes behind the text.
    let mut text = Vec::<u8>::with_capacity(length + 1);
    let mut written = 0;
    // SAFETY: the buffer has the room that is named, and `written` bytes of it are written.
    unsafe {
        let buffer = text.as_mut_ptr().cast();
        sys::napi_get_value_string_utf8(env.raw(), value.raw(), buffer, length + 1, &mut written);
        text.set_len(written);
    }
    (text, length)
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
    let mut length = 0;
    // SAFETY: with no buffer, only the length is asked for.
    let status =
        unsafe { sys::napi_get_value_string_utf16(env.raw(), value.raw(), ptr::null_mut(), 0, &mut length) };
    if status != sys::Status::napi_ok {
        return None;
    }
    // One more for the NUL that Node-API writes behind the text.
    let mut units = Vec::<u16>::with_capacity(length + 1);
    // SAFETY: the buffer has the room that is named, and `length` units of it are written.
    unsafe {
        let buffer = units.as_mut_ptr();
        sys::napi_get_value_string_utf16(env.raw(), value.raw(), buffer, length + 1, &mut length);
        units.set_len(length);
    }
    Some(units)
}
