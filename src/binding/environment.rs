//! What the environment has: `process.env`, as the JavaScript thread sees it (a worker's copy counts), and its
//! event loop.

use napi::{Env, ValueType};

use super::js::{self, Value};

/// `process.env[name]`; `None` where there is none.
pub(super) fn variable(env: &Env, name: &str) -> Option<String> {
    let process = js::get(env, js::global(env), "process").ok()?;
    let variables = js::get(env, process, "env").ok()?;
    let value = js::get(env, variables, name).ok()?;
    (js::kind(value) == ValueType::String).then(|| js::as_string(env, value))?
}

/// `setImmediate`, as the environment has it now. Node's own where it gives that out: test frameworks put a fake
/// in the place of the global one, which calls back when its clock is told to.
pub(super) fn set_immediate(env: &Env) -> Option<Value<'_>> {
    let function = |value| (js::kind(value) == ValueType::Function).then_some(value);
    let of_node = || {
        let process = js::get(env, js::global(env), "process").ok()?;
        let built_in = function(js::get(env, process, "getBuiltinModule").ok()?)?;
        let timers = js::call(env, built_in, process, &[js::string(env, "node:timers")]).ok()?;
        function(js::get(env, timers, "setImmediate").ok()?)
    };
    of_node().or_else(|| function(js::get(env, js::global(env), "setImmediate").ok()?))
}

/// Whether a variable says yes: `1`, `true`, `yes` or `on`, in any case.
pub(super) fn is_truthy(env: &Env, name: &str) -> bool {
    variable(env, name).is_some_and(|value| says_yes(&value))
}

fn says_yes(value: &str) -> bool {
    ["1", "true", "yes", "on"].contains(&trim(value).to_lowercase().as_str())
}

/// `String.prototype.trim`.
pub(super) fn trim(text: &str) -> &str {
    // JavaScript counts the byte order mark as white space, and the next-line control does not.
    text.trim_matches(|char: char| (char.is_whitespace() && char != '\u{85}') || char == '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_words_say_yes() {
        for value in ["1", "true", "yes", "on", " TRUE\n", "On", "\u{feff}yes\u{a0}"] {
            assert!(says_yes(value), "{value:?}");
        }
        for value in ["", " ", "0", "false", "no", "off", "2", "y", "t", "enabled"] {
            assert!(!says_yes(value), "{value:?}");
        }
    }
}
