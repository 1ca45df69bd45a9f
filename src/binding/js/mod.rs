//! The few things of JavaScript that are needed and that napi has no safe or no cheap way for.
//!
//! All `unsafe` code of the crate is here. What makes it sound, for every function alike:
//!
//! - [`Env`] and [`Value`] exist only on the thread of their environment and only during a call from
//!   JavaScript, so that the raw handles in them are valid where these functions can be called.
//! - No handle in a [`Value`] is null: the status of each call that gives one is looked at, and a call that failed
//!   gives `undefined` or an error. Node-API does not check the handles that it passes on to JavaScript.
//! - [`Deferred`] and [`Persistent`] hold pointers, so they are neither `Send` nor `Sync`.
#![allow(unsafe_code)]

use std::ptr;

use napi::bindgen_prelude::FromNapiValue;
use napi::{Env, JsValue, Unknown, ValueType, sys};

pub(super) use lasting::{Deferred, Persistent, hold_event_loop, promise};
pub(super) use strings::{as_string, as_utf8, as_utf16, string, string_from_latin1, string_from_utf16};

/// Any JavaScript value.
pub(super) type Value<'e> = Unknown<'e>;

/// What JavaScript threw.
pub(super) struct Thrown<'e>(pub(super) Value<'e>);

/// A handle that a call gave; a null one, as failed calls leave behind, becomes `undefined`.
fn value<'e>(env: &'e Env, raw: sys::napi_value) -> Value<'e> {
    if raw.is_null() {
        return undefined(env);
    }
    // SAFETY: see above. The conversion cannot fail: it takes any value for what it is.
    unsafe { Value::from_napi_value(env.raw(), raw) }.unwrap_or_else(|_| undefined(env))
}

/// The result of a call that can fail: the one place where the status of a Node-API call becomes a result.
fn or_thrown<'e>(
    env: &'e Env,
    status: sys::napi_status,
    raw: sys::napi_value,
) -> Result<Value<'e>, Thrown<'e>> {
    if status == sys::Status::napi_ok {
        return Ok(value(env, raw));
    }
    let mut pending = false;
    let mut exception = ptr::null_mut();
    // SAFETY: out-parameters that live long enough.
    unsafe {
        sys::napi_is_exception_pending(env.raw(), &mut pending);
        if pending {
            sys::napi_get_and_clear_last_exception(env.raw(), &mut exception);
        }
    }
    Err(Thrown(if exception.is_null() { undefined(env) } else { value(env, exception) }))
}

/// Makes a value by a Node-API call.
macro_rules! try_make {
    ($env:ident, $function:ident $(, $argument:expr)*) => {{
        let mut raw = ptr::null_mut();
        // SAFETY: the arguments are live for the call, `raw` takes its result.
        let status = unsafe { sys::$function($env.raw() $(, $argument)*, &mut raw) };
        or_thrown($env, status, raw)
    }};
}

/// Makes a value by a Node-API call that fails only when the environment is ending; then it is `undefined`.
macro_rules! make {
    ($env:ident, $($call:tt)*) => {
        try_make!($env, $($call)*).unwrap_or_else(|_| undefined($env))
    };
}

// Behind the macro, which they use.
mod lasting;
mod strings;

pub(super) fn undefined(env: &Env) -> Value<'_> {
    let mut raw = ptr::null_mut();
    // SAFETY: see above; the conversion keeps the handle as it is.
    unsafe {
        sys::napi_get_undefined(env.raw(), &mut raw);
        Value::from_napi_value(env.raw(), raw).unwrap_unchecked()
    }
}

pub(super) fn null(env: &Env) -> Value<'_> {
    make!(env, napi_get_null)
}

pub(super) fn boolean(env: &Env, is: bool) -> Value<'_> {
    make!(env, napi_get_boolean, is)
}

pub(super) fn number(env: &Env, number: f64) -> Value<'_> {
    make!(env, napi_create_double, number)
}

pub(super) fn object(env: &Env) -> Value<'_> {
    make!(env, napi_create_object)
}

pub(super) fn array(env: &Env) -> Value<'_> {
    make!(env, napi_create_array)
}

pub(super) fn error<'e>(env: &'e Env, message: &str) -> Value<'e> {
    let message = string(env, message);
    make!(env, napi_create_error, ptr::null_mut(), message.raw())
}

pub(super) fn type_error<'e>(env: &'e Env, message: &str) -> Value<'e> {
    let message = string(env, message);
    make!(env, napi_create_type_error, ptr::null_mut(), message.raw())
}

pub(super) fn global(env: &Env) -> Value<'_> {
    make!(env, napi_get_global)
}

pub(super) fn kind(value: Value<'_>) -> ValueType {
    value.get_type().unwrap_or(ValueType::Unknown)
}

pub(super) fn is_nullish(value: Value<'_>) -> bool {
    matches!(kind(value), ValueType::Undefined | ValueType::Null)
}

pub(super) fn is_error(env: &Env, value: Value<'_>) -> bool {
    let mut is = false;
    // SAFETY: `is` takes the result.
    unsafe { sys::napi_is_error(env.raw(), value.raw(), &mut is) };
    is
}

pub(super) fn is_array(env: &Env, value: Value<'_>) -> bool {
    let mut is = false;
    // SAFETY: `is` takes the result.
    unsafe { sys::napi_is_array(env.raw(), value.raw(), &mut is) };
    is
}

pub(super) fn is_promise(env: &Env, value: Value<'_>) -> bool {
    let mut is = false;
    // SAFETY: `is` takes the result.
    unsafe { sys::napi_is_promise(env.raw(), value.raw(), &mut is) };
    is
}

/// `one === other`.
pub(super) fn is_same(env: &Env, one: Value<'_>, other: Value<'_>) -> bool {
    let mut is = false;
    // SAFETY: `is` takes the result.
    unsafe { sys::napi_strict_equals(env.raw(), one.raw(), other.raw(), &mut is) };
    is
}

/// Whether a value is `true`.
pub(super) fn as_boolean(env: &Env, value: Value<'_>) -> bool {
    let mut is = false;
    // SAFETY: `is` takes the result; of another type of value it stays as it is.
    unsafe { sys::napi_get_value_bool(env.raw(), value.raw(), &mut is) };
    is
}

/// The number that a value is; `None` where it is none.
pub(super) fn as_number(env: &Env, value: Value<'_>) -> Option<f64> {
    let mut number = 0.0;
    // SAFETY: `number` takes the result.
    let status = unsafe { sys::napi_get_value_double(env.raw(), value.raw(), &mut number) };
    (status == sys::Status::napi_ok).then_some(number)
}

/// `object[key]`; a getter may throw.
pub(super) fn get<'e>(env: &'e Env, object: Value<'_>, key: &str) -> Result<Value<'e>, Thrown<'e>> {
    let key = string(env, key);
    let mut raw = ptr::null_mut();
    // SAFETY: `raw` takes the result.
    let status = unsafe { sys::napi_get_property(env.raw(), object.raw(), key.raw(), &mut raw) };
    or_thrown(env, status, raw)
}

/// `object[key] = to`, on an object of our own.
pub(super) fn set(env: &Env, object: Value<'_>, key: &str, to: Value<'_>) {
    let key = string(env, key);
    // SAFETY: all handles are live.
    let status = unsafe { sys::napi_set_property(env.raw(), object.raw(), key.raw(), to.raw()) };
    // A setter on Object.prototype could throw; nothing may stay pending.
    or_thrown(env, status, to.raw()).ok();
}

/// `Object.keys(object)`; a proxy may throw.
pub(super) fn keys<'e>(env: &'e Env, object: Value<'_>) -> Result<Vec<String>, Thrown<'e>> {
    let mut raw = ptr::null_mut();
    // SAFETY: `raw` takes the result.
    let status = unsafe {
        sys::napi_get_all_property_names(
            env.raw(),
            object.raw(),
            sys::KeyCollectionMode::own_only,
            sys::KeyFilter::enumerable | sys::KeyFilter::skip_symbols,
            sys::KeyConversion::numbers_to_strings,
            &mut raw,
        )
    };
    let names = or_thrown(env, status, raw)?;
    let mut length = 0;
    // SAFETY: `length` takes the result.
    unsafe { sys::napi_get_array_length(env.raw(), names.raw(), &mut length) };
    let name = |index| {
        let name = make!(env, napi_get_element, names.raw(), index);
        as_string(env, name).unwrap_or_default()
    };
    Ok((0..length).map(name).collect())
}

/// Sets the length of an array of our own.
pub(super) fn set_length(env: &Env, array: Value<'_>, length: usize) {
    set(env, array, "length", number(env, length as f64));
}

/// `function.call(this, ...arguments)`.
pub(super) fn call<'e>(
    env: &'e Env,
    function: Value<'_>,
    this: Value<'_>,
    arguments: &[Value<'_>],
) -> Result<Value<'e>, Thrown<'e>> {
    let mut raw_arguments = [ptr::null_mut(); 3];
    debug_assert!(arguments.len() <= raw_arguments.len());
    for (raw, argument) in raw_arguments.iter_mut().zip(arguments) {
        *raw = argument.raw();
    }
    let count = arguments.len().min(raw_arguments.len());
    let mut raw = ptr::null_mut();
    // SAFETY: `count` arguments are set, `raw` takes the result.
    let status = unsafe {
        sys::napi_call_function(
            env.raw(),
            this.raw(),
            function.raw(),
            count,
            raw_arguments.as_ptr(),
            &mut raw,
        )
    };
    or_thrown(env, status, raw)
}

/// `function.call({}, argument)` in no async context: what is made in it belongs to nobody's `AsyncLocalStorage`.
pub(super) fn call_detached<'e>(
    env: &'e Env,
    function: Value<'_>,
    argument: Value<'_>,
) -> Result<Value<'e>, Thrown<'e>> {
    let mut raw = ptr::null_mut();
    let argument = argument.raw();
    // SAFETY: one argument is there, `raw` takes the result; a null context stands for none.
    let status = unsafe {
        sys::napi_make_callback(
            env.raw(),
            ptr::null_mut(),
            object(env).raw(),
            function.raw(),
            1,
            &argument,
            &mut raw,
        )
    };
    or_thrown(env, status, raw)
}
