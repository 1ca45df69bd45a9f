//! `setFirstUse`: what has no place where the addon is loaded.

use napi::bindgen_prelude::This;
use napi::{Env, ValueType};
use napi_derive::napi;

use crate::instance::Instance;
use crate::js::{self, Value};

/// Sets the function that loads lib/first-use.js, which is called with the first append or read. lib/binding.js calls it.
/// Not an export of the package.
#[napi(skip_typescript, catch_unwind)]
pub fn set_first_use<'e>(env: &'e Env, this: This<Value<'e>>, load: Value<'e>) -> napi::Result<()> {
    if js::kind(load) == ValueType::Function {
        Instance::of(env, this.object)?.set_first_use(env, load);
    }
    Ok(())
}
