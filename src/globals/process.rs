//! Reads `process.env` of the JavaScript thread (a worker may have its own copy), and `setImmediate`.

use napi::{Env, ValueType};
use session_ingress_core::protocol;

use crate::js::{Value, as_string, call, get, global, kind, string};

/// `process.env[name]`; `None` where it is not set.
pub(crate) fn variable(env: &Env, name: &str) -> Option<String> {
    let process = get(env, global(env), "process").ok()?;
    let variables = get(env, process, "env").ok()?;
    let value = get(env, variables, name).ok()?;
    (kind(value) == ValueType::String).then(|| as_string(env, value))?
}

/// The `setImmediate` of the environment: that of `node:timers` where there is one, else the global one. Test
/// frameworks replace the global one by a fake, which calls back only when its clock is advanced.
pub(crate) fn set_immediate(env: &Env) -> Option<Value<'_>> {
    let function = |value| (kind(value) == ValueType::Function).then_some(value);
    let from_node = || {
        let process = get(env, global(env), "process").ok()?;
        let built_in = function(get(env, process, "getBuiltinModule").ok()?)?;
        let timers = call(env, built_in, process, &[string(env, "node:timers")]).ok()?;
        function(get(env, timers, "setImmediate").ok()?)
    };
    from_node().or_else(|| function(get(env, global(env), "setImmediate").ok()?))
}

/// Whether an environment variable is true: `1`, `true`, `yes` or `on`, in any letter case.
pub(crate) fn is_truthy(env: &Env, name: &str) -> bool {
    variable(env, name).is_some_and(|value| protocol::is_truthy(&value))
}
