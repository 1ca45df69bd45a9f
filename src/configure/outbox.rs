//! Reads the options of the outbox.

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use napi::Env;
use session_ingress_core::outbox::OutboxOptions;

use super::values::{count, function, milliseconds, read_group, unknown};
use crate::js::{self, Persistent, Value};
use crate::rejection::Rejection;

/// The outbox of an instance, as `configure` has set it; `dir` is empty where only other options were given so far.
#[derive(Clone)]
pub(crate) struct OutboxSettings {
    pub(crate) options: OutboxOptions,
    pub(crate) get_token: GetToken,
}

/// The host's function `getToken`.
#[derive(Clone)]
pub(crate) enum GetToken {
    None,
    /// As before.
    Kept,
    New(Rc<Persistent>),
}

impl OutboxSettings {
    /// The same, once the instance keeps the function.
    pub(super) fn kept(self) -> Self {
        let get_token =
            if matches!(self.get_token, GetToken::None) { GetToken::None } else { GetToken::Kept };
        Self { get_token, ..self }
    }
}

impl Default for OutboxSettings {
    fn default() -> Self {
        Self { options: OutboxOptions::new(String::new()), get_token: GetToken::None }
    }
}

/// Reads `outbox` as a patch of what was set before; `None` is no outbox.
pub(super) fn read_outbox<'e>(
    env: &'e Env,
    value: Value<'_>,
    outbox: &mut Option<OutboxSettings>,
) -> Result<(), Rejection<'e>> {
    if js::is_nullish(value) {
        *outbox = None;
        return Ok(());
    }
    let mut settings = outbox.take().unwrap_or_default();
    let default = OutboxSettings::default();
    read_group(env, value, "outbox", &mut settings, default.clone(), |settings, key, name, value| {
        let (options, default) = (&mut settings.options, &default.options);
        match key {
            "dir" => options.dir = folder(env, value, name)?,
            "getToken" => {
                let function = function(env, value, name)?;
                settings.get_token = function.map_or(GetToken::None, |new| GetToken::New(Rc::new(new)));
            }
            "settle" => options.settle_durable = is_durable(env, value, name)?,
            "maxBytes" => {
                options.max_bytes = count(value, name)?.map_or(default.max_bytes, |bytes| bytes as u64)
            }
            "maxAgeMs" => {
                // 0 is no limit.
                let age = milliseconds(value, name)?;
                options.max_age = age.map_or(default.max_age, |age| Some(age).filter(|age| !age.is_zero()));
            }
            "maxDelayMs" => options.max_delay = duration(value, name, default.max_delay)?,
            "syncAfterMs" => options.sync_after = duration(value, name, default.sync_after)?,
            _ => return Err(unknown(name)),
        }
        Ok(())
    })?;
    if settings.options.dir.is_empty() {
        return Err(Rejection::Type("configure: outbox.dir must name a folder".into()));
    }
    *outbox = Some(settings);
    Ok(())
}

fn duration<'e>(value: Value<'_>, name: &str, default: Duration) -> Result<Duration, Rejection<'e>> {
    Ok(milliseconds(value, name)?.unwrap_or(default))
}

fn folder<'e>(env: &'e Env, value: Value<'_>, name: &str) -> Result<String, Rejection<'e>> {
    js::as_string(env, value)
        .filter(|dir| Path::new(dir).is_absolute() && !dir.contains('\0'))
        .ok_or_else(|| Rejection::Type(format!("configure: {name} must be the absolute path of a folder")))
}

fn is_durable<'e>(env: &'e Env, value: Value<'_>, name: &str) -> Result<bool, Rejection<'e>> {
    if js::is_nullish(value) {
        return Ok(false);
    }
    match js::as_string(env, value).as_deref() {
        Some("durable") => Ok(true),
        Some("delivered") => Ok(false),
        _ => Err(Rejection::Type(format!("configure: {name} must be 'delivered' or 'durable'"))),
    }
}
