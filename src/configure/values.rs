//! Reads single options, with errors that name them.

use std::time::Duration;

use napi::{Env, JsValue, ValueType};
use session_ingress_core::append::Statuses;

use crate::js::{self, Persistent, Value};
use crate::rejection::Rejection;

/// Reads a group of options: calls `read` with the key, the full name and the value of each. A nullish group restores
/// all its defaults.
pub(super) fn read_group<'e, T>(
    env: &'e Env,
    value: Value<'_>,
    group: &str,
    into: &mut T,
    default: T,
    mut read: impl FnMut(&mut T, &str, &str, Value<'e>) -> Result<(), Rejection<'e>>,
) -> Result<(), Rejection<'e>> {
    if js::is_nullish(value) {
        *into = default;
        return Ok(());
    }
    for (key, value) in entries(env, value, group)? {
        read(into, &key, &format!("{group}.{key}"), value)?;
    }
    Ok(())
}

pub(super) fn entries<'e>(
    env: &'e Env,
    object: Value<'_>,
    name: &str,
) -> Result<Vec<(String, Value<'e>)>, Rejection<'e>> {
    if js::kind(object) != ValueType::Object {
        return Err(Rejection::Type(format!("{name} must be an object")));
    }
    let mut entries = Vec::new();
    for key in js::keys(env, object)? {
        let value = js::get(env, object, &key)?;
        entries.push((key, value));
    }
    Ok(entries)
}

pub(super) fn unknown<'e>(name: &str) -> Rejection<'e> {
    Rejection::Type(format!("configure: unknown option {name}"))
}

pub(super) fn function<'e>(
    env: &'e Env,
    value: Value<'_>,
    name: &str,
) -> Result<Option<Persistent>, Rejection<'e>> {
    match js::kind(value) {
        ValueType::Function => Ok(Some(Persistent::new(env, value))),
        ValueType::Undefined | ValueType::Null => Ok(None),
        _ => Err(Rejection::Type(format!("configure: {name} must be a function, null or undefined"))),
    }
}

/// A number that `accept` accepts; `None` for a nullish value, which restores the default.
fn number<'e>(
    value: Value<'_>,
    name: &str,
    what: &str,
    accept: impl FnOnce(f64) -> bool,
) -> Result<Option<f64>, Rejection<'e>> {
    if js::is_nullish(value) {
        return Ok(None);
    }
    match js::as_number(value).filter(|&number| accept(number)) {
        Some(number) => Ok(Some(number)),
        None => Err(Rejection::Type(format!("configure: {name} must be {what}"))),
    }
}

/// A finite, non-negative number of milliseconds; `None` restores the default.
pub(super) fn milliseconds<'e>(value: Value<'_>, name: &str) -> Result<Option<Duration>, Rejection<'e>> {
    let what = "a finite number of milliseconds, not negative";
    let number = number(value, name, what, |number| number.is_finite() && number >= 0.0)?;
    Ok(number.map(|number| Duration::try_from_secs_f64(number / 1000.0).unwrap_or(Duration::MAX)))
}

/// An integer from 1; `None` restores the default.
pub(super) fn count<'e>(value: Value<'_>, name: &str) -> Result<Option<usize>, Rejection<'e>> {
    integer(value, name, "an integer from 1", 1.0)
}

pub(super) fn count_or_zero<'e>(value: Value<'_>, name: &str) -> Result<Option<usize>, Rejection<'e>> {
    integer(value, name, "an integer from 0", 0.0)
}

/// A list of HTTP statuses; nullish is none.
pub(super) fn statuses<'e>(env: &'e Env, value: Value<'_>, name: &str) -> Result<Statuses, Rejection<'e>> {
    let mut statuses = Statuses::default();
    if js::is_nullish(value) {
        return Ok(statuses);
    }
    if !value.is_array().unwrap_or(false) {
        return Err(Rejection::Type(format!("configure: {name} must be an array of HTTP statuses")));
    }
    let (least, most) = (f64::from(*Statuses::RANGE.start()), f64::from(*Statuses::RANGE.end()));
    for index in js::keys(env, value)? {
        let element = js::get(env, value, &index)?;
        let status = js::as_number(element)
            .filter(|status| status.fract() == 0.0 && (least..=most).contains(status))
            .ok_or_else(|| {
                let what = format!("an HTTP status, an integer from {least} to {most}");
                Rejection::Type(format!("configure: {name}[{index}] must be {what}"))
            })?;
        statuses.insert(status as u16);
    }
    Ok(statuses)
}

/// `None` where the default is asked for.
pub(super) fn boolean<'e>(value: Value<'_>, name: &str) -> Result<Option<bool>, Rejection<'e>> {
    if js::is_nullish(value) {
        return Ok(None);
    }
    match js::as_boolean(value) {
        Some(is) => Ok(Some(is)),
        None => Err(Rejection::Type(format!("configure: {name} must be true or false"))),
    }
}

fn integer<'e>(value: Value<'_>, name: &str, what: &str, least: f64) -> Result<Option<usize>, Rejection<'e>> {
    let number =
        number(value, name, what, |number| number.is_finite() && number.fract() == 0.0 && number >= least)?;
    // A cast saturates.
    Ok(number.map(|number| number as usize))
}
