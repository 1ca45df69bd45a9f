//! Reads strings of V8. (napi makes them.)

use std::cell::RefCell;
use std::ptr;

use napi::{Env, JsValue, sys};

use session_ingress_core::json::utf8_from_utf16;

use super::Value;

/// Maximum number of UTF-16 units of a text that is read through a buffer. For a longer text, the memory of the buffer
/// costs more than it saves.
const MAX_BUFFERED: usize = 64 * 1024;

thread_local! {
    /// The buffer for the UTF-16 of short texts; its memory is used again.
    static UNITS: RefCell<Vec<u16>> = const { RefCell::new(Vec::new()) };
}

/// The text of a string as UTF-8, lone surrogates as U+FFFD; `None` where the value is not a string, or V8 does not
/// give it out.
///
/// V8 measures and writes UTF-8 character by character, which is slow. It copies UTF-16 and Latin-1 at the speed of
/// memory, and [`utf8_from_utf16`] is as fast for ASCII.
pub(crate) fn as_utf8(env: &Env, value: Value<'_>) -> Option<Vec<u8>> {
    let units = length(env, value, sys::napi_get_value_string_latin1)?;
    if units <= MAX_BUFFERED {
        return UNITS.with_borrow_mut(|text| {
            read_utf16(env, value, units, text)?;
            Some(utf8_from_utf16(text))
        });
    }
    let bytes = length(env, value, sys::napi_get_value_string_utf8)?;
    // As many bytes as units: the text is ASCII.
    let read =
        if bytes == units { sys::napi_get_value_string_latin1 } else { sys::napi_get_value_string_utf8 };
    let mut text = Vec::<u8>::with_capacity(bytes + 1);
    let mut written = 0;
    // SAFETY: the buffer has the capacity that is passed, including one byte for the NUL that Node-API writes behind
    // the text, and `written` bytes of it are written.
    let status = unsafe { read(env.raw(), value.raw(), text.as_mut_ptr().cast(), bytes + 1, &mut written) };
    if status != sys::Status::napi_ok {
        return None;
    }
    // SAFETY: as above.
    unsafe { text.set_len(written) };
    Some(text)
}

/// A Node-API function that reads a string.
type Read<T> = unsafe fn(sys::napi_env, sys::napi_value, *mut T, usize, *mut usize) -> sys::napi_status;

/// The length of a string, in the units of `read`; `None` where the value is not a string.
fn length<T>(env: &Env, value: Value<'_>, read: Read<T>) -> Option<usize> {
    let mut length = 0;
    // SAFETY: without a buffer, only the length is returned.
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

/// The UTF-16 units of a string; `None` where the value is not a string.
pub(crate) fn as_utf16(env: &Env, value: Value<'_>) -> Option<Vec<u16>> {
    let length = length(env, value, sys::napi_get_value_string_utf16)?;
    let mut units = Vec::new();
    read_utf16(env, value, length, &mut units)?;
    Some(units)
}

/// Replaces the content of `units` by the first `length` units of a string; `None` where V8 does not give them out.
fn read_utf16(env: &Env, value: Value<'_>, length: usize, units: &mut Vec<u16>) -> Option<()> {
    units.clear();
    // One more for the NUL that Node-API writes behind the text.
    units.reserve(length + 1);
    let mut written = 0;
    // SAFETY: the buffer has the capacity that is passed, and `written` units of it are written.
    let status = unsafe {
        sys::napi_get_value_string_utf16(env.raw(), value.raw(), units.as_mut_ptr(), length + 1, &mut written)
    };
    if status != sys::Status::napi_ok {
        return None;
    }
    // SAFETY: as above.
    unsafe { units.set_len(written) };
    Some(())
}
