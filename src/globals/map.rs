//! `Map` and `WeakMap` of JavaScript: what they hold is told apart by identity, whatever it is: frozen, a proxy, of another
//! realm.

use std::rc::Rc;

use napi::Env;

use crate::js::{self, Persistent, Thrown, Value};

/// One of the classes and its functions, as they were when the addon was loaded.
pub(crate) struct MapClass {
    class: Persistent,
    get: Persistent,
    set: Persistent,
    delete: Persistent,
}

impl MapClass {
    pub(crate) fn new<'e>(env: &'e Env, name: &str) -> Result<Rc<Self>, Thrown<'e>> {
        let class = js::get(env, js::global(env), name)?;
        let prototype = js::get(env, class, "prototype")?;
        let keep = |value| Persistent::new(env, value);
        Ok(Rc::new(Self {
            class: keep(class),
            get: keep(js::get(env, prototype, "get")?),
            set: keep(js::get(env, prototype, "set")?),
            delete: keep(js::get(env, prototype, "delete")?),
        }))
    }
}

/// A map whose keys are objects.
pub(crate) struct IdentityMap {
    class: Rc<MapClass>,
    map: Persistent,
}

impl IdentityMap {
    pub(crate) fn new<'e>(env: &'e Env, class: &Rc<MapClass>) -> Result<Self, Thrown<'e>> {
        let map = js::construct(env, class.class.get(env), None)?;
        Ok(Self { class: Rc::clone(class), map: Persistent::new(env, map) })
    }

    /// The value of a key; `undefined` where it has none.
    pub(crate) fn get<'e>(&self, env: &'e Env, key: Value<'_>) -> Result<Value<'e>, Thrown<'e>> {
        js::call(env, self.class.get.get(env), self.map.get(env), &[key])
    }

    pub(crate) fn set<'e>(&self, env: &'e Env, key: Value<'_>, value: Value<'_>) -> Result<(), Thrown<'e>> {
        js::call(env, self.class.set.get(env), self.map.get(env), &[key, value]).map(|_| ())
    }

    pub(crate) fn delete(&self, env: &Env, key: Value<'_>) {
        js::call(env, self.class.delete.get(env), self.map.get(env), &[key]).ok();
    }
}
