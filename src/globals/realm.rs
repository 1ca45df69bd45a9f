//! The realm of the code that loaded the package.

use napi::{Env, ValueType};

use crate::js::{self, Thrown, Value};

/// Makes values of the realm of the code that loaded the package, and reads its `process.env`. Test runners run code in
/// realms of their own, with an `Array`, errors and variables of their own.
#[derive(Clone, Copy)]
pub(crate) struct Realm<'e> {
    pub(crate) env: &'e Env,
    /// The [`globals`](Self::globals) of another realm; `None` is the realm of the addon.
    pub(crate) foreign: Option<Value<'e>>,
}

impl<'e> Realm<'e> {
    /// The realm that loaded the addon.
    pub(crate) fn own(env: &'e Env) -> Self {
        Self { env, foreign: None }
    }

    /// The realm with these [`globals`](Self::globals).
    pub(crate) fn foreign(env: &'e Env, globals: Value<'e>) -> Self {
        Self { env, foreign: Some(globals) }
    }

    /// What is used of the realm with this `globalThis`, as it is now: later changes by the host have no effect, but
    /// for those of `process.env`.
    pub(crate) fn globals(env: &'e Env, global: Value<'_>) -> Result<Value<'e>, Thrown<'e>> {
        let globals = js::object(env);
        for name in ["process", "Object", "Array", "Error", "TypeError", "Promise"] {
            js::set(env, globals, name, js::get(env, global, name)?);
        }
        let json = js::get(env, global, "JSON")?;
        for name in ["stringify", "parse"] {
            js::set(env, globals, name, js::get(env, json, name)?);
        }
        let promise = js::get(env, global, "Promise")?;
        js::set(env, globals, "resolve", js::get(env, promise, "resolve")?);
        Ok(globals)
    }

    pub(crate) fn object(self) -> Value<'e> {
        self.made("Object", None).unwrap_or_else(|| js::object(self.env))
    }

    pub(crate) fn array(self) -> Value<'e> {
        self.made("Array", None).unwrap_or_else(|| js::array(self.env))
    }

    /// An array of these values.
    pub(crate) fn list(self, values: impl Iterator<Item = Value<'e>>) -> Value<'e> {
        let list = self.array();
        for (index, value) in values.enumerate() {
            js::set_element(self.env, list, index as u32, value);
        }
        list
    }

    pub(crate) fn error(self, message: &str) -> Value<'e> {
        let made = self.made("Error", Some(js::string(self.env, message)));
        made.unwrap_or_else(|| js::error(self.env, message))
    }

    pub(crate) fn type_error(self, message: &str) -> Value<'e> {
        let made = self.made("TypeError", Some(js::string(self.env, message)));
        made.unwrap_or_else(|| js::type_error(self.env, message))
    }

    /// A promise that settles as `promise` does.
    pub(crate) fn promise(self, promise: Value<'e>) -> Value<'e> {
        let in_realm = || {
            let (class, resolve) = (self.global("Promise")?, self.global("resolve")?);
            js::call(self.env, resolve, class, &[promise]).ok()
        };
        in_realm().unwrap_or(promise)
    }

    /// A global of the realm; `None` in that of the addon.
    pub(super) fn global(self, name: &str) -> Option<Value<'e>> {
        js::get(self.env, self.foreign?, name).ok()
    }

    /// `process.env[name]`; `None` where it is not set. A worker and a test runner may have their own copy of the variables.
    pub(crate) fn variable(self, name: &str) -> Option<String> {
        let holder = self.foreign.unwrap_or_else(|| js::global(self.env));
        let process = js::get(self.env, holder, "process").ok()?;
        let variables = js::get(self.env, process, "env").ok()?;
        let value = js::get(self.env, variables, name).ok()?;
        (js::kind(value) == ValueType::String).then(|| js::as_string(self.env, value))?
    }

    /// An object of a class of the realm.
    fn made(self, class: &str, argument: Option<Value<'_>>) -> Option<Value<'e>> {
        js::construct(self.env, self.global(class)?, argument).ok()
    }
}
