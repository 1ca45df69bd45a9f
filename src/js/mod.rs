//! Operations on JavaScript values for which napi has no safe or no cheap function.
//!
//! All `unsafe` code of the package is here. It is sound for these reasons, which hold for every function:
//!
//! - [`Env`] and [`Value`] exist only on the thread of their environment and only during a call from
//!   JavaScript, so that the raw handles in them are valid where these functions can be called.
//! - No handle in a [`Value`] is null: [`checked`] checks the status of each call that returns one, and a call that
//!   failed gives `undefined` or an error. Node-API does not check the handles that it passes on to JavaScript.
//! - [`Deferred`] and [`Persistent`] hold pointers, so they are neither `Send` nor `Sync`.
#![allow(unsafe_code)]

mod handles;
mod strings;
mod threads;

use std::ptr;

use napi::bindgen_prelude::{FromNapiValue, Null, Object, ToNapiValue};
use napi::{Env, JsValue, Unknown, ValueType, sys};

pub(crate) use handles::{Deferred, Holdable, Persistent, mark, marked, promise};
pub(crate) use strings::{as_string, as_utf8, as_utf16};
pub(crate) use threads::ThreadsafeFunction;

/// The value that JavaScript threw.
pub(crate) struct Thrown<'e>(pub(crate) Value<'e>);

/// Any JavaScript value.
pub(crate) type Value<'e> = Unknown<'e>;

/// The result of a Node-API call. This is the only place where the status of a call is checked.
fn checked<'e>(
    env: &'e Env,
    status: sys::napi_status,
    raw: sys::napi_value,
) -> Result<Value<'e>, Thrown<'e>> {
    if status == sys::Status::napi_ok && !raw.is_null() {
        // SAFETY: see above. The conversion accepts any value.
        return unsafe { Value::from_napi_value(env.raw(), raw) }.map_err(|_| Thrown(undefined(env)));
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
    if exception.is_null() {
        return Err(Thrown(undefined(env)));
    }
    // SAFETY: as above.
    Err(Thrown(unsafe { Value::from_napi_value(env.raw(), exception) }.unwrap_or_else(|_| undefined(env))))
}

/// Makes a value. Where that fails, which happens only while the environment ends, the value is `undefined`.
fn make<'e>(env: &'e Env, value: impl ToNapiValue) -> Value<'e> {
    value.into_unknown(env).unwrap_or_else(|_| undefined(env))
}

pub(crate) fn undefined(env: &Env) -> Value<'_> {
    let mut raw = ptr::null_mut();
    // SAFETY: does not fail for a living environment; the conversion does not change the handle.
    unsafe {
        sys::napi_get_undefined(env.raw(), &mut raw);
        Value::from_napi_value(env.raw(), raw).unwrap_unchecked()
    }
}

pub(crate) fn null(env: &Env) -> Value<'_> {
    make(env, Null)
}

pub(crate) fn boolean(env: &Env, value: bool) -> Value<'_> {
    make(env, value)
}

pub(crate) fn number(env: &Env, number: f64) -> Value<'_> {
    make(env, number)
}

pub(crate) fn string<'e>(env: &'e Env, text: &str) -> Value<'e> {
    make(env, text)
}

pub(crate) fn object(env: &Env) -> Value<'_> {
    Object::new(env).map_or_else(|_| undefined(env), |object| object.to_unknown())
}

pub(crate) fn array(env: &Env) -> Value<'_> {
    make(env, Vec::<f64>::new())
}

pub(crate) fn error<'e>(env: &'e Env, message: &str) -> Value<'e> {
    make_error(env, sys::napi_create_error, message)
}

pub(crate) fn type_error<'e>(env: &'e Env, message: &str) -> Value<'e> {
    make_error(env, sys::napi_create_type_error, message)
}

/// A Node-API function that makes an error from a code and a message.
type CreateError =
    unsafe fn(sys::napi_env, sys::napi_value, sys::napi_value, *mut sys::napi_value) -> sys::napi_status;

fn make_error<'e>(env: &'e Env, create: CreateError, message: &str) -> Value<'e> {
    let mut raw = ptr::null_mut();
    // SAFETY: no code, a live message, `raw` receives the result.
    let status = unsafe { create(env.raw(), ptr::null_mut(), string(env, message).raw(), &mut raw) };
    checked(env, status, raw).unwrap_or_else(|_| undefined(env))
}

pub(crate) fn global(env: &Env) -> Value<'_> {
    env.get_global().map_or_else(|_| undefined(env), |global| global.to_unknown())
}

pub(crate) fn kind(value: Value<'_>) -> ValueType {
    value.get_type().unwrap_or(ValueType::Unknown)
}

pub(crate) fn is_nullish(value: Value<'_>) -> bool {
    matches!(kind(value), ValueType::Undefined | ValueType::Null)
}

/// The value as a number; `None` where it is not one.
pub(crate) fn as_number(value: Value<'_>) -> Option<f64> {
    f64::from_unknown(value).ok()
}

/// The boolean that a value is; `None` where it is none.
pub(crate) fn as_boolean(value: Value<'_>) -> Option<bool> {
    bool::from_unknown(value).ok()
}

/// `object[key]`; a getter may throw.
pub(crate) fn get<'e>(env: &'e Env, object: Value<'_>, key: &str) -> Result<Value<'e>, Thrown<'e>> {
    let key = string(env, key);
    let mut raw = ptr::null_mut();
    // SAFETY: `raw` receives the result.
    let status = unsafe { sys::napi_get_property(env.raw(), object.raw(), key.raw(), &mut raw) };
    checked(env, status, raw)
}

/// `object[key] = value`, on an object that the addon has made.
pub(crate) fn set(env: &Env, object: Value<'_>, key: &str, value: Value<'_>) {
    let key = string(env, key);
    // SAFETY: all handles are live.
    let status = unsafe { sys::napi_set_property(env.raw(), object.raw(), key.raw(), value.raw()) };
    // A setter on Object.prototype could throw; its exception must not stay pending.
    checked(env, status, value.raw()).ok();
}

/// `Object.keys(object)`; a proxy may throw.
pub(crate) fn keys<'e>(env: &'e Env, object: Value<'_>) -> Result<Vec<String>, Thrown<'e>> {
    let mut raw = ptr::null_mut();
    // SAFETY: `raw` receives the result.
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
    let names = checked(env, status, raw)?;
    Ok(Vec::<String>::from_unknown(names).unwrap_or_default())
}

/// `array[index] = value`, on an array that the addon has made.
pub(crate) fn set_element(env: &Env, array: Value<'_>, index: u32, value: Value<'_>) {
    // SAFETY: all handles are live.
    let status = unsafe { sys::napi_set_element(env.raw(), array.raw(), index, value.raw()) };
    checked(env, status, value.raw()).ok();
}

/// Sets the length of an array that the addon has made.
pub(crate) fn set_length(env: &Env, array: Value<'_>, length: usize) {
    set(env, array, "length", number(env, length as f64));
}

/// `function.call(this, ...arguments)`, of at most three arguments.
pub(crate) fn call<'e>(
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
    // SAFETY: `count` arguments are set, `raw` receives the result.
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
    checked(env, status, raw)
}

/// `new class(...arguments)`, of at most one argument.
pub(crate) fn construct<'e>(
    env: &'e Env,
    class: Value<'_>,
    argument: Option<Value<'_>>,
) -> Result<Value<'e>, Thrown<'e>> {
    let mut raw = ptr::null_mut();
    let arguments = argument.map(|argument| argument.raw());
    let arguments = arguments.as_slice();
    // SAFETY: the arguments are live, `raw` receives the result.
    let status = unsafe {
        sys::napi_new_instance(env.raw(), class.raw(), arguments.len(), arguments.as_ptr(), &mut raw)
    };
    checked(env, status, raw)
}

/// `a === b`.
pub(crate) fn is_same(env: &Env, a: Value<'_>, b: Value<'_>) -> bool {
    let mut is_same = false;
    // SAFETY: `is_same` receives the result, and stays false where the call fails.
    unsafe { sys::napi_strict_equals(env.raw(), a.raw(), b.raw(), &mut is_same) };
    is_same
}

/// `function.call({}, argument)` in no async context: resources that it makes inherit no `AsyncLocalStorage`.
pub(crate) fn call_detached<'e>(
    env: &'e Env,
    function: Value<'_>,
    argument: Value<'_>,
) -> Result<Value<'e>, Thrown<'e>> {
    let (mut raw, argument) = (ptr::null_mut(), argument.raw());
    let (this, function) = (object(env).raw(), function.raw());
    // SAFETY: one argument is there, `raw` receives the result; a null context stands for none.
    let status = unsafe {
        sys::napi_make_callback(env.raw(), ptr::null_mut(), this, function, 1, &argument, &mut raw)
    };
    checked(env, status, raw)
}

/// Handles the rejection of a host's promise, because an unhandled one could end the process.
pub(crate) fn ignore_rejection(env: &Env, promise: Value<'_>) {
    let Ok(ignore) = env.create_function_from_closure::<(), (), _>("ignore", |_| Ok(())) else { return };
    if let Ok(then) = get(env, promise, "then") {
        call(env, then, promise, &[undefined(env), ignore.to_unknown()]).ok();
    }
}
