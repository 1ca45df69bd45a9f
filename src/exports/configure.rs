//! `configure`: the host's functions and limits.

use napi::Env;
use napi_derive::napi;

use crate::environment::Environment;
use crate::js::Value;

/// Supplies the host's own functions and sets limits, for this JavaScript environment.
///
/// Merges, at the top and inside `retry`, `timeouts`, `limits` and `tls`: a key that is present replaces,
/// `null` or `undefined` restores the default, an absent key stays; but `proxy: null` is no proxy at all.
/// Throws a `TypeError` that names the key for an unknown one or a wrong value, and then applies nothing.
#[napi(ts_args_type = "options: ConfigureOptions", ts_return_type = "void", catch_unwind)]
pub fn configure<'e>(env: &'e Env, options: Value<'e>) -> napi::Result<()> {
    if let Err(rejection) = Environment::of(env)?.configure(env, options) {
        env.throw(rejection.into_value(env))?;
    }
    Ok(())
}
