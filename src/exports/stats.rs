//! `sessionStats`: counters of appends, for a status line.

use napi::Env;
use napi::bindgen_prelude::This;
use napi_derive::napi;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, UNIX_EPOCH};

use session_ingress_core::session::{AppendCounters, LastError, Latency, PendingCounters, Stats};

use super::arguments::session_key;
use crate::globals::Realm;
use crate::instance::Instance;
use crate::js::{self, Value};
use crate::rejection::Rejection;

/// Counters of the appends of one session, or of all sessions of this instance.
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
pub fn session_stats<'e>(
    env: &'e Env,
    this: This<Value<'e>>,
    session_id: Value<'e>,
) -> napi::Result<Value<'e>> {
    let instance = Instance::of(env, this.object)?;
    let realm = instance.realm(env);
    match stats(&instance, env, session_id) {
        Ok((Stats { pending, pending_bytes, head, appended, failed, retries }, deferred, health)) => {
            let stats = realm.object();
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
            set_health(realm, stats, &health);
            Ok(stats)
        }
        Err(rejection) => {
            env.throw(rejection.into_value(realm))?;
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

fn stats<'e>(
    instance: &Instance,
    env: &'e Env,
    session_id: Value<'e>,
) -> Result<(Stats, Deferred, Health), Rejection<'e>> {
    if js::kind(session_id) == napi::ValueType::Undefined {
        let sessions = instance.sessions.borrow();
        let all = sessions.all();
        let health = Health::of(instance, Some(all.pending()), Some(all));
        return Ok((all.stats(None), deferred(instance, None), health));
    }
    let session_id = session_key(env, session_id)?;
    let sessions = instance.sessions.borrow();
    let health = Health::of(instance, sessions.pending(&session_id), sessions.counters(&session_id));
    Ok((sessions.stats(&session_id), deferred(instance, Some(&session_id)), health))
}

/// How the appends fare.
struct Health {
    oldest_pending: Duration,
    latency: Latency,
    last_error: Option<LastError>,
}

impl Health {
    fn of(
        instance: &Instance,
        pending: Option<&Arc<PendingCounters>>,
        counters: Option<&Arc<AppendCounters>>,
    ) -> Self {
        Self {
            oldest_pending: pending.map(|of| instance.operations.oldest(of)).unwrap_or_default(),
            latency: counters.map(|counters| counters.latency()).unwrap_or_default(),
            last_error: counters.and_then(|counters| counters.last_error()),
        }
    }
}

fn set_health(realm: Realm<'_>, stats: Value<'_>, health: &Health) {
    let env = realm.env;
    js::set(env, stats, "oldestPendingMs", milliseconds(env, health.oldest_pending));
    let latency = realm.object();
    let Latency { count, p50, p95, p99 } = health.latency;
    for (key, figure) in [("count", count as f64), ("p50", p50), ("p95", p95), ("p99", p99)] {
        js::set(env, latency, key, js::number(env, figure));
    }
    js::set(env, stats, "latency", latency);
    let last_error =
        health.last_error.as_ref().map_or_else(|| js::null(env), |error| last_error(realm, error));
    js::set(env, stats, "lastError", last_error);
}

fn last_error<'e>(realm: Realm<'e>, error: &LastError) -> Value<'e> {
    let (env, object) = (realm.env, realm.object());
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

fn deferred(instance: &Instance, session_id: Option<&str>) -> Deferred {
    let mut sum = Deferred::default();
    for outbox in instance.outboxes.list() {
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
