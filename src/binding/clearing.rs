//! `clearSession` and `clearAllSessions`.

use napi::Env;
use napi_derive::napi;

use super::arguments::session_key;
use super::host::Host;
use super::js::{self, Value};
use super::options::Rejection;
use super::panics::caught;
use crate::ingress::Operation;

/// Forgets a session's head and queue before it returns; the promise is already fulfilled.
///
/// An append on the next line starts a new queue with no head. What was queued is still sent, in its order,
/// and settles, without touching the new queue's head.
#[napi(ts_args_type = "sessionId: string", ts_return_type = "Promise<void>")]
pub fn clear_session<'e>(env: &'e Env, session_id: Value<'e>) -> napi::Result<Value<'e>> {
    cleared(env, |host| {
        let session_id = session_key(env, session_id)?;
        host.sessions.borrow_mut().clear(&session_id);
        Ok(())
    })
}

/// Does for all sessions of this JavaScript environment what `clearSession` does for one.
#[napi(ts_return_type = "Promise<void>")]
pub fn clear_all_sessions(env: &Env) -> napi::Result<Value<'_>> {
    cleared(env, |host| {
        host.sessions.borrow_mut().clear_all();
        Ok(())
    })
}

/// A promise that is settled already.
fn cleared<'e>(
    env: &'e Env,
    clear: impl FnOnce(&Host) -> Result<(), Rejection<'e>>,
) -> napi::Result<Value<'e>> {
    let host = Host::of(env)?;
    let (deferred, promise) = js::promise(env);
    match caught(|| clear(&host)) {
        Ok(Err(rejection)) => deferred.reject(env, rejection.into_value(env)),
        done => {
            if let Err(panic) = done {
                host.report_panic(Operation::Clear, panic);
            }
            // Nobody waits for this promise: a rejection could end the process.
            deferred.resolve(env, js::undefined(env));
        }
    }
    Ok(promise)
}
