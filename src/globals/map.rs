//! A `Map` of JavaScript.

use napi::Env;

use crate::js::{Persistent, Thrown, Value, array, as_number, call, get, global, number};

/// Numbers by objects, which are told apart by identity, whatever they are: frozen, proxies, of another realm. The
/// functions are those of the environment as they were when the addon was loaded.
pub(crate) struct IdentityMap {
    map: Persistent,
    get: Persistent,
    set: Persistent,
    delete: Persistent,
}

impl IdentityMap {
    pub(crate) fn new(env: &Env) -> Result<Self, Thrown<'_>> {
        let reflect = get(env, global(env), "Reflect")?;
        let construct = get(env, reflect, "construct")?;
        let map = call(env, construct, reflect, &[get(env, global(env), "Map")?, array(env)])?;
        let keep = |value| Persistent::new(env, value);
        Ok(Self {
            map: keep(map),
            get: keep(get(env, map, "get")?),
            set: keep(get(env, map, "set")?),
            delete: keep(get(env, map, "delete")?),
        })
    }

    pub(crate) fn get<'e>(&self, env: &'e Env, key: Value<'_>) -> Result<Option<f64>, Thrown<'e>> {
        call(env, self.get.get(env), self.map.get(env), &[key]).map(as_number)
    }

    pub(crate) fn set<'e>(&self, env: &'e Env, key: Value<'_>, value: f64) -> Result<(), Thrown<'e>> {
        call(env, self.set.get(env), self.map.get(env), &[key, number(env, value)]).map(|_| ())
    }

    pub(crate) fn delete(&self, env: &Env, key: Value<'_>) {
        call(env, self.delete.get(env), self.map.get(env), &[key]).ok();
    }
}
