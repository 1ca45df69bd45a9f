//! `sessionStats`: counters of appends, for a status line.

use napi::Env;
use napi_derive::napi;

use std::sync::atomic::Ordering;

use session_ingress_core::session::Stats;

use super::arguments::session_key;
use crate::environment::Environment;
use crate::js::{self, Value};
use crate::rejection::Rejection;

/// Counters of the appends of one session, or of all sessions of this JavaScript environment since the addon was loaded
/// into it.
///
/// Returns at once. The counters of an unknown session are zero. Throws a `TypeError` where `sessionId` is given and
/// not a string.
///
/// Clearing a session resets its counters, except `pending` and `pendingBytes`, because queued entries are still sent.
/// The counters of all sessions are never reset.
///
/// @example
/// ```ts
/// const { pending, failed } = sessionStats(sessionId)
/// console.log(`${pending} entries pending, ${failed} not known to be stored`)
/// ```
#[napi(ts_args_type = "sessionId?: string", ts_return_type = "SessionStats", catch_unwind)]
pub fn session_stats<'e>(env: &'e Env, session_id: Value<'e>) -> napi::Result<Value<'e>> {
    match stats(env, session_id) {
        Ok((Stats { pending, pending_bytes, head, appended, failed, retries }, deferred)) => {
            let stats = js::object(env);
            let set = |key, number| js::set(env, stats, key, js::number(env, number as f64));
            set("pending", pending);
            set("pendingBytes", pending_bytes);
            let head = head.map_or_else(|| js::null(env), |head| js::string(env, &head.to_string()));
            js::set(env, stats, "head", head);
            set("appended", appended);
            set("failed", failed);
            set("retries", retries);
            set("deferred", deferred.entries);
            set("deferredBytes", deferred.bytes);
            set("recovered", deferred.recovered);
            Ok(stats)
        }
        Err(rejection) => {
            env.throw(rejection.into_value(env))?;
            Ok(js::undefined(env))
        }
    }
}

/// What an outbox has deferred; nothing without one.
#[derive(Default)]
struct Deferred {
    entries: u64,
    bytes: u64,
    recovered: u64,
}

fn stats<'e>(env: &'e Env, session_id: Value<'e>) -> Result<(Stats, Deferred), Rejection<'e>> {
    let environment = Environment::of(env).map_err(|error| Rejection::Type(error.reason.to_string()))?;
    if js::kind(session_id) == napi::ValueType::Undefined {
        return Ok((environment.instance.sessions.borrow().all().stats(None), deferred(&environment, None)));
    }
    let session_id = session_key(env, session_id)?;
    let stats = environment.instance.sessions.borrow().stats(&session_id);
    Ok((stats, deferred(&environment, Some(&session_id))))
}

fn deferred(environment: &Environment, session_id: Option<&str>) -> Deferred {
    let mut sum = Deferred::default();
    for outbox in environment.instance.outboxes.list() {
        let (entries, bytes, recovered) = match session_id {
            Some(session_id) => outbox.deferred(session_id),
            None => {
                let figures = outbox.figures();
                let [entries, bytes, recovered] =
                    [&figures.deferred, &figures.deferred_bytes, &figures.recovered]
                        .map(|figure| figure.load(Ordering::Relaxed));
                (entries, bytes, recovered)
            }
        };
        sum.entries += entries;
        sum.bytes += bytes;
        sum.recovered += recovered;
    }
    sum
}
