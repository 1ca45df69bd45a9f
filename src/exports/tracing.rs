//! `setTracing`, for Node's `diagnostics_channel`.

use napi::{Env, ValueType};
use napi_derive::napi;

use crate::environment::Environment;
use crate::js::{self, Value};

/// Sets the function that loads lib/tracing.js, which is called with the first append or read. lib/binding.js calls it.
/// Not an export of the package.
#[napi(skip_typescript, catch_unwind)]
pub fn set_tracing<'e>(env: &'e Env, load: Value<'e>) -> napi::Result<()> {
    if js::kind(load) == ValueType::Function {
        Environment::of(env)?.set_tracing(env, load);
    }
    Ok(())
}
