//! Reading strings of V8. (napi makes them.)

use std::cell::RefCell;
use std::ptr;

use napi::{Env, JsValue, sys};

use session_ingress_core::json::utf8_from_utf16;

use super::Value;

/// Maximum number of UTF-16 units of a text that is copied once more on its way to UTF-8: for longer ones, the memory
/// for that costs more than it saves.
const SHORT: usize = 64 * 1024;

thread_local! {
    /// Where the UTF-16 of short texts stands meanwhile: memory that is there already.
    static UNITS: RefCell<Vec<u16>> = const { RefCell::new(Vec::new()) };
}

/// The text of a string as UTF-8, lone surrogates as U+FFFD; `None` where the value is no string.
///
/// V8 counts and writes UTF-8 from character to character. What it copies as it is goes at the speed of memory, and
/// so does what becomes of that here, where it is ASCII.
pub(crate) fn as_utf8(env: &Env, value: Value<'_>) -> Option<Vec<u8>> {
    let units = length(env, value, sys::napi_get_value_string_latin1)?;
    if units <= SHORT {
        return Some(UNITS.with_borrow_mut(|text| {
            read_utf16(env, value, units, text);
            utf8_from_utf16(text)
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

/// [`as_utf8`] as a `String`.
pub(crate) fn as_string(env: &Env, value: Value<'_>) -> Option<String> {
    let text = as_utf8(env, value)?;
    Some(
        String::from_utf8(text)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    )
}

/// The UTF-16 units of a string; `None` where the value is no string.
pub(crate) fn as_utf16(env: &Env, value: Value<'_>) -> Option<Vec<u16>> {
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
