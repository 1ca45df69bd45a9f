//! `setImmediate` of the JavaScript thread.

use napi::{Env, ValueType};

use crate::js::{Value, call, get, global, kind, string};

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
