//! Checks of the arguments of exported functions. Done here and not by napi, so that a wrong argument rejects the
//! promise and does not throw.

use std::time::Duration;

use napi::{Env, ValueType};

use session_ingress_core::panic_point;
use session_ingress_core::protocol::EntryUuid;

use crate::js::{self, Value};
use crate::rejection::Rejection;

/// A string argument; any other value is a rejection that names the argument.
pub(super) fn string_argument<'e>(
    env: &'e Env,
    value: Value<'_>,
    name: &str,
) -> Result<String, Rejection<'e>> {
    panic_point!("argument");
    js::as_string(env, value).ok_or_else(|| Rejection::Type(format!("{name} must be a string")))
}

/// The key of a session. An id with lone surrogates, which a string of Rust cannot hold, gives the list of its UTF-16
/// units, so that ids that differ only in them have different keys.
pub(super) fn session_key<'e>(env: &'e Env, session_id: Value<'_>) -> Result<String, Rejection<'e>> {
    let text = string_argument(env, session_id, "sessionId")?;
    if !text.contains(char::REPLACEMENT_CHARACTER) {
        return Ok(text);
    }
    let units = js::as_utf16(env, session_id).unwrap_or_default();
    Ok(String::from_utf16(&units).unwrap_or_else(|_| format!("{units:x?}")))
}

/// Maximum number of characters of a uuid. Servers limit the size of a header.
const MAX_UUID: usize = 256;

/// The uuid of an entry to append; a rejection where the entry is not an object, or the uuid is not valid.
///
/// The uuid becomes the session's head, which is sent and received as a header. What a header trims, cannot hold or
/// is too short for would come back as another head, and no later append of any client would be stored.
pub(super) fn entry_uuid<'e>(env: &'e Env, entry: Value<'_>) -> Result<EntryUuid, Rejection<'e>> {
    if js::kind(entry) != ValueType::Object {
        return Err(Rejection::Type("entry must be an object".into()));
    }
    let uuid = js::get(env, entry, "uuid")?;
    js::as_string(env, uuid)
        .filter(|uuid| uuid.len() <= MAX_UUID && uuid.bytes().all(|byte| byte.is_ascii_graphic()))
        .and_then(EntryUuid::new)
        .ok_or_else(|| {
            Rejection::Type(format!("entry.uuid must be 1 to {MAX_UUID} characters of visible ASCII"))
        })
}

/// An optional last argument: an object, whose own keys must be `known`. Inherited properties count as options, too.
pub(super) fn optional_object<'e>(
    env: &'e Env,
    value: Value<'e>,
    known: &[&str],
) -> Result<Option<Value<'e>>, Rejection<'e>> {
    if js::is_nullish(value) {
        return Ok(None);
    }
    if js::kind(value) != ValueType::Object {
        return Err(Rejection::Type("options must be an object".into()));
    }
    match js::keys(env, value)?.into_iter().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(Rejection::Type(format!("unknown option options.{key}"))),
        None => Ok(Some(value)),
    }
}

/// The option `timeoutMs`.
pub(super) fn milliseconds<'e>(value: Value<'_>) -> Result<Duration, Rejection<'e>> {
    match js::as_number(value).filter(|number| number.is_finite() && *number >= 0.0) {
        Some(number) => Ok(Duration::try_from_secs_f64(number / 1000.0).unwrap_or(Duration::MAX)),
        None => {
            let what = "options.timeoutMs must be a finite number of milliseconds, not negative";
            Err(Rejection::Type(what.into()))
        }
    }
}
