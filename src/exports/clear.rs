//! `clearSession` and `clearAllSessions`.

use napi::Env;
use napi::bindgen_prelude::This;
use napi_derive::napi;

use session_ingress_core::panic::catch_panic;
use session_ingress_core::report::Operation;
use session_ingress_core::runtime::runtime;

use super::arguments::session_key;
use crate::instance::Instance;
use crate::js::{self, Value};
use crate::rejection::Rejection;

/// Forgets the head and the queue of a session, before it returns; the promise is already fulfilled.
///
/// The next append starts a new queue without a head. Entries that were queued are still sent, in order, and their
/// promises settle; the new queue's head is not affected. Rejects with a `TypeError` where `sessionId` is not a string.
///
/// @example
/// ```ts
/// void clearSession(sessionId)
/// ```
#[napi(ts_args_type = "sessionId: string", ts_return_type = "Promise<void>")]
pub fn clear_session<'e>(
    env: &'e Env,
    this: This<Value<'e>>,
    session_id: Value<'e>,
) -> napi::Result<Value<'e>> {
    cleared(env, this.object, |instance| {
        let session_id = session_key(env, session_id)?;
        instance.sessions.borrow_mut().clear(&session_id);
        instance.outboxes.forget(Some(&session_id));
        Ok(())
    })
}

/// Does for all sessions of this instance what `clearSession` does for one.
///
/// @example
/// ```ts
/// void clearAllSessions()
/// ```
#[napi(ts_args_type = "", ts_return_type = "Promise<void>")]
pub fn clear_all_sessions<'e>(env: &'e Env, this: This<Value<'e>>) -> napi::Result<Value<'e>> {
    cleared(env, this.object, |instance| {
        let forgotten = instance.sessions.borrow_mut().clear_all();
        instance.outboxes.forget(None);
        if !forgotten.is_empty() {
            // Where the system refuses a thread, they are dropped here: tokio panics then, which fails nothing.
            catch_panic(|| runtime().map(|runtime| runtime.spawn_blocking(|| drop(forgotten)))).ok();
        }
        Ok(())
    })
}

/// Calls `clear` and returns a promise that has settled.
fn cleared<'e>(
    env: &'e Env,
    this: Value<'_>,
    clear: impl FnOnce(&Instance) -> Result<(), Rejection<'e>>,
) -> napi::Result<Value<'e>> {
    let instance = Instance::of(env, this)?;
    let realm = instance.realm(env);
    let (deferred, promise) = js::promise(env);
    let promise = realm.promise(promise);
    match catch_panic(|| clear(&instance)) {
        Ok(Err(rejection)) => deferred.reject(env, rejection.into_value(realm)),
        done => {
            if let Err(panic) = done {
                instance.report_panic(Operation::Clear, panic);
            }
            // Hosts do not wait for this promise, and an unhandled rejection could end the process.
            deferred.resolve(env, js::undefined(env));
        }
    }
    Ok(promise)
}
