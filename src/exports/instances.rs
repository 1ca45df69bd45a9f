//! `createSessionIngress`: instances besides the default one; and the default instances of other realms.

use std::rc::Rc;

use napi::Env;
use napi::bindgen_prelude::This;
use napi_derive::napi;

use crate::globals::Realm;
use crate::instance::{Instance, Instances};
use crate::js::{self, Value};
use crate::rejection::Rejection;

/// The functions of an instance, by the names that JavaScript has for them.
const FUNCTIONS: [&str; 14] = [
    "appendSessionLog",
    "clearAllSessions",
    "clearSession",
    "configure",
    "discardOutboxSession",
    "flush",
    "getSessionLogs",
    "getSessionLogsViaOAuth",
    "getTeleportEvents",
    "outboxSessions",
    "requeueOutboxSession",
    "sessionStats",
    "shutdown",
    "unref",
];

/// Those that the default instance of a realm has besides.
const OF_REALM: [&str; 4] = ["createSessionIngress", "ofRealm", "reopen", "setFirstUse"];

/// Makes an instance: an object with all functions of the package, which share options, sessions, queues, heads and
/// figures with each other and with nothing else. For several accounts or servers in one process, and for tests. The
/// functions of the package itself are those of a default instance.
///
/// The functions need no `this`: `const { appendSessionLog } = createSessionIngress()` works. An instance that is not used
/// any more is collected once no promise of it is pending, and nothing in its outbox. `limits.maxConcurrentRequests` is
/// that of the process. Throws a `TypeError` for wrong options, as `configure` does.
///
/// @param options the options of its first `configure`; default: none, and not those of another instance
///
/// @example
/// ```ts
/// const work = createSessionIngress({ getSessionIngressAuthToken: () => token })
/// await work.appendSessionLog(sessionId, { uuid: randomUUID(), type: 'user', text }, url)
/// ```
#[napi(ts_args_type = "options?: ConfigureOptions | null", ts_return_type = "SessionIngress", catch_unwind)]
pub fn create_session_ingress<'e>(
    env: &'e Env,
    this: This<Value<'e>>,
    options: Value<'e>,
) -> napi::Result<Value<'e>> {
    let creator = Instance::of(env, this.object)?;
    let realm = creator.realm(env);
    let made = make(env, Some(&creator), realm.foreign, &FUNCTIONS).and_then(|(instance, functions)| {
        if !js::is_nullish(options) {
            instance.configure(env, options)?;
        }
        Ok(functions)
    });
    made.or_else(|rejection| {
        env.throw(rejection.into_value(realm))?;
        Ok(js::undefined(env))
    })
}

/// The functions for the code of a realm, of which `global` is the `globalThis`: those of the default instance, or, in
/// another realm than that of the addon, those of an instance which lives as long as that realm. lib/binding.js calls it.
/// Not an export of the package.
#[napi(skip_typescript, catch_unwind)]
pub fn of_realm<'e>(env: &'e Env, global: Value<'e>) -> napi::Result<Value<'e>> {
    let instances = Instances::of(env)?;
    if js::is_same(env, global, js::global(env)) {
        return Ok(instances.exports.get(env));
    }
    let functions = || {
        let known = instances.realms.get(env, global)?;
        if !js::is_nullish(known) {
            return Ok(known);
        }
        let functions: Vec<_> = FUNCTIONS.into_iter().chain(OF_REALM).collect();
        let globals = Realm::globals(env, global)?;
        let (_, functions) = make(env, None, Some(globals), &functions)?;
        instances.realms.set(env, global, functions)?;
        Ok(functions)
    };
    functions().or_else(|rejection: Rejection<'_>| {
        env.throw(rejection.into_value(Realm::own(env)))?;
        Ok(js::undefined(env))
    })
}

/// Makes an instance, and an object with these functions of it.
fn make<'e>(
    env: &'e Env,
    creator: Option<&Instance>,
    realm: Option<Value<'e>>,
    functions: &[&str],
) -> Result<(Rc<Instance>, Value<'e>), Rejection<'e>> {
    let instances = Instances::of(env)?;
    let instance = instances.make(env)?;
    instance.set_realm(env, realm);
    if let Some(creator) = creator {
        creator.share_first_use(env, &instance);
    }
    let object = instance.realm(env).object();
    for name in functions {
        js::set(env, object, name, instances.bound(env, name, &instance)?);
    }
    Ok((instance, object))
}
