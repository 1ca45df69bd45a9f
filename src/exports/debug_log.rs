//! `setDebugLog`, for `NODE_DEBUG=session-ingress`, which shows debug lines and errors.
//!
//! Node matches the names in `NODE_DEBUG` and writes the lines: `node-debug.js` passes a function of its
//! `util.debuglog`. Where `NODE_DEBUG` is not set, nothing is done.

use napi::{Env, ValueType};
use napi_derive::napi;

use crate::instance::Instances;
use crate::js::{self, Value};

/// Sets a function that receives debug lines and errors besides the host's own functions. `node-debug.js` calls it
/// where `NODE_DEBUG` names the package. Not an export of the package.
#[napi(skip_typescript, catch_unwind)]
pub fn set_debug_log<'e>(env: &'e Env, log: Value<'e>) -> napi::Result<()> {
    if js::kind(log) == ValueType::Function {
        Instances::of(env)?.set_debug_log(env, log);
    }
    Ok(())
}
