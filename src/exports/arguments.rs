//! The arguments of the exported functions: checked here, so that what is wrong rejects and never throws.

use napi::{Env, ValueType};

use session_ingress_core::panic_point;
use session_ingress_core::protocol::EntryUuid;

use crate::js::{self, Rejection, Value};

/// A string; anything else rejects, by the argument's name.
pub(super) fn string_argument<'e>(
    env: &'e Env,
    value: Value<'_>,
    name: &str,
) -> Result<String, Rejection<'e>> {
    panic_point!("argument");
    js::as_string(env, value).ok_or_else(|| Rejection::Type(format!("{name} must be a string")))
}

/// The key that a session is found by. Ids that differ in lone surrogates only, which text in Rust cannot hold, stay
/// apart: their units are written out.
pub(super) fn session_key<'e>(env: &'e Env, session_id: Value<'_>) -> Result<String, Rejection<'e>> {
    let text = string_argument(env, session_id, "sessionId")?;
    if !text.contains(char::REPLACEMENT_CHARACTER) {
        return Ok(text);
    }
    let units = js::as_utf16(env, session_id).unwrap_or_default();
    Ok(String::from_utf16(&units).unwrap_or_else(|_| format!("{units:x?}")))
}

/// The uuid of an entry that is to be appended.
pub(super) fn entry_uuid<'e>(env: &'e Env, entry: Value<'_>) -> Result<EntryUuid, Rejection<'e>> {
    if js::kind(entry) != ValueType::Object {
        return Err(Rejection::Type("entry must be an object".into()));
    }
    let uuid = js::get(env, entry, "uuid")?;
    js::as_string(env, uuid)
        .filter(|uuid| !uuid.chars().any(char::is_control))
        .and_then(EntryUuid::new)
        .ok_or_else(|| {
            Rejection::Type("entry.uuid must be a non-empty string without control characters".into())
        })
}

/// A last argument that may be left out: an object with no other keys than these. Of an object that inherits
/// them, they count too.
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
