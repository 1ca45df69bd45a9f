//! `setDebugLog`, for `NODE_DEBUG=session-ingress`: it shows debug lines and errors.
//!
//! Matching names and writing lines is Node's business: `node-debug.js` hands over a function of its
//! `util.debuglog`, where `NODE_DEBUG` is set, and nothing is done where it is not.

use napi::{Env, ValueType};
use napi_derive::napi;

use crate::environment::Environment;
use crate::js::{self, Value};

/// Takes debug lines besides the host's own function: `node-debug.js` sets it where `NODE_DEBUG` names
/// the package. Not an export of the package.
#[napi(skip_typescript, catch_unwind)]
pub fn set_debug_log<'e>(env: &'e Env, log: Value<'e>) -> napi::Result<()> {
    if js::kind(log) == ValueType::Function {
        Environment::of(env)?.set_debug_log(env, log);
    }
    Ok(())
}
