//! `sessionStats`: counters of appends, for a status line.

use napi::Env;
use napi_derive::napi;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, UNIX_EPOCH};

use session_ingress_core::session::{AppendCounters, LastError, Latency, PendingCounters, Stats};

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
        Ok((Stats { pending, pending_bytes, head, appended, failed, retries }, deferred, health)) => {
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
            set_health(env, stats, &health);
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

fn stats<'e>(env: &'e Env, session_id: Value<'e>) -> Result<(Stats, Deferred, Health), Rejection<'e>> {
    let environment = Environment::of(env).map_err(|error| Rejection::Type(error.reason.to_string()))?;
    if js::kind(session_id) == napi::ValueType::Undefined {
        let sessions = environment.instance.sessions.borrow();
        let all = sessions.all();
        let health = Health::of(&environment, Some(all.pending()), Some(all));
        return Ok((all.stats(None), deferred(&environment, None), health));
    }
    let session_id = session_key(env, session_id)?;
    let sessions = environment.instance.sessions.borrow();
    let health = Health::of(&environment, sessions.pending(&session_id), sessions.counters(&session_id));
    Ok((sessions.stats(&session_id), deferred(&environment, Some(&session_id)), health))
}

/// How the appends fare.
struct Health {
    oldest_pending: Duration,
    latency: Latency,
    last_error: Option<LastError>,
}

impl Health {
    fn of(
        environment: &Environment,
        pending: Option<&Arc<PendingCounters>>,
        counters: Option<&Arc<AppendCounters>>,
    ) -> Self {
        Self {
            oldest_pending: pending.map(|of| environment.operations.oldest(of)).unwrap_or_default(),
            latency: counters.map(|counters| counters.latency()).unwrap_or_default(),
            last_error: counters.and_then(|counters| counters.last_error()),
        }
    }
}

fn set_health(env: &Env, stats: Value<'_>, health: &Health) {
    js::set(env, stats, "oldestPendingMs", milliseconds(env, health.oldest_pending));
    let latency = js::object(env);
    let Latency { count, p50, p95, p99 } = health.latency;
    for (key, figure) in [("count", count as f64), ("p50", p50), ("p95", p95), ("p99", p99)] {
        js::set(env, latency, key, js::number(env, figure));
    }
    js::set(env, stats, "latency", latency);
    let last_error = health.last_error.as_ref().map_or_else(|| js::null(env), |error| last_error(env, error));
    js::set(env, stats, "lastError", last_error);
}

fn last_error<'e>(env: &'e Env, error: &LastError) -> Value<'e> {
    let object = js::object(env);
    let set = |key, value| js::set(env, object, key, value);
    set("code", js::string(env, error.code));
    set("message", js::string(env, &error.message));
    set("at", milliseconds(env, error.at.duration_since(UNIX_EPOCH).unwrap_or_default()));
    if let Some(session_id) = &error.session_id {
        set("sessionId", js::string(env, session_id));
    }
    if let Some(uuid) = &error.uuid {
        set("uuid", js::string(env, uuid));
    }
    if let Some(status) = error.status {
        set("status", js::number(env, status.into()));
    }
    object
}

fn milliseconds(env: &Env, duration: Duration) -> Value<'_> {
    js::number(env, duration.as_millis() as f64)
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
