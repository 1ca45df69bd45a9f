//! `configure`: the functions of the host, and limits.

use napi::Env;
use napi::bindgen_prelude::This;
use napi_derive::napi;

use crate::instance::Instance;
use crate::js::Value;

/// Sets the functions of the host, and limits, for this instance.
///
/// Options are merged with those of earlier calls, at the top and inside `retry`, `timeouts`, `limits` and `tls`: a key
/// that is present replaces the value, `null` or `undefined` restores the default, and an absent key changes nothing.
/// One exception: `proxy: null` means no proxy at all. For an unknown key or a wrong value, throws a `TypeError` that
/// names the key, and applies nothing of the call.
///
/// @example
/// ```ts
/// configure({ getSessionIngressAuthToken: () => token, logError: console.error, retry: { maxAttempts: 5 } })
/// ```
#[napi(ts_args_type = "options: ConfigureOptions", ts_return_type = "void", catch_unwind)]
pub fn configure<'e>(env: &'e Env, this: This<Value<'e>>, options: Value<'e>) -> napi::Result<()> {
    let instance = Instance::of(env, this.object)?;
    if let Err(rejection) = instance.configure(env, options) {
        env.throw(rejection.into_value(instance.realm(env)))?;
    }
    Ok(())
}
