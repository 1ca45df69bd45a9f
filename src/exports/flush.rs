//! `flush`: waits for pending appends, for hosts that are about to exit.

use std::sync::Arc;
use std::time::Duration;

use napi::Env;
use napi::bindgen_prelude::This;
use napi_derive::napi;
use session_ingress_core::http;
use session_ingress_core::report::Operation;
use tokio::task::JoinHandle;

use super::arguments::{milliseconds, optional_object, session_key};
use crate::channel::{Deliveries, Message, OperationId, Outcome};
use crate::environment::Environment;
use crate::instance::Instance;
use crate::js::{self, Value};
use crate::operations::Flush;
use crate::rejection::Rejection;

/// Waits until no append of this instance, or of one session, is pending. For hosts that are about to
/// exit.
///
/// Resolves `true` as soon as nothing is pending, which may be at once; the promises of all these appends have settled
/// before. Resolves `false` when `timeoutMs` have passed and an append is still pending; the appends go on. It waits for
/// appends that are begun meanwhile, too, and delays none. With `deferred`, it waits for what the outbox has deferred,
/// too. For whether the appends succeeded, see their promises and
/// `sessionStats`. Rejects with a `TypeError` for wrong options.
///
/// @param options `timeoutMs`: default none, 0 does not wait; `sessionId`: default all sessions; `deferred`: default false
///
/// @example
/// ```ts
/// const flushed = await flush({ timeoutMs: 5000 })
/// if (!flushed) console.error(`${sessionStats().pending} entries were not stored in time`)
/// ```
#[napi(ts_args_type = "options?: FlushOptions | null", ts_return_type = "Promise<boolean>")]
pub fn flush<'e>(env: &'e Env, this: This<Value<'e>>, options: Value<'e>) -> napi::Result<Value<'e>> {
    Instance::operation(env, this.object, Operation::Flush, |instance, id| {
        begin(instance, env, id, FlushOptions::read(env, options)?)
    })
}

struct FlushOptions {
    timeout: Option<Duration>,
    session: Option<String>,
    deferred: bool,
}

impl FlushOptions {
    fn read<'e>(env: &'e Env, options: Value<'e>) -> Result<Self, Rejection<'e>> {
        let Some(options) = optional_object(env, options, &["timeoutMs", "sessionId", "deferred"])? else {
            return Ok(Self { timeout: None, session: None, deferred: false });
        };
        let timeout = js::get(env, options, "timeoutMs")?;
        let session = js::get(env, options, "sessionId")?;
        let deferred = js::get(env, options, "deferred")?;
        let deferred = if js::is_nullish(deferred) { Some(false) } else { js::as_boolean(deferred) };
        let deferred =
            deferred.ok_or_else(|| Rejection::Type("options.deferred must be true or false".into()))?;
        Ok(Self {
            timeout: (!js::is_nullish(timeout)).then(|| milliseconds(timeout)).transpose()?,
            session: (!js::is_nullish(session)).then(|| session_key(env, session)).transpose()?,
            deferred,
        })
    }
}

fn begin<'e>(
    instance: &Instance,
    env: &Env,
    id: OperationId,
    FlushOptions { timeout, session, deferred }: FlushOptions,
) -> Result<(), Rejection<'e>> {
    let pending = {
        let sessions = instance.sessions.borrow();
        match &session {
            Some(session) => sessions.pending(session).cloned(),
            None => Some(sessions.all().pending().clone()),
        }
    };
    let outboxes = if deferred { instance.outboxes.list() } else { Vec::new() };
    let waiting: Vec<_> =
        outboxes.into_iter().filter(|outbox| outbox.has_undelivered(session.as_deref())).collect();
    let pending = if waiting.is_empty() {
        pending.filter(|pending| !pending.is_empty())
    } else {
        Some(pending.unwrap_or_default())
    };
    let (Some(pending), false) = (&pending, timeout == Some(Duration::ZERO)) else {
        // Settled synchronously, because an event loop that has ended must not be started again.
        instance.settle(env, id, &Outcome::Boolean(pending.is_none()));
        return Ok(());
    };
    let timer = match timeout.map(|timeout| end_later(instance, id, timeout)).transpose() {
        Ok(timer) => timer,
        Err(_) => {
            // Without a thread that could wait, the wait is over.
            instance.settle(env, id, &Outcome::Boolean(false));
            return Ok(());
        }
    };
    let deferred = (!waiting.is_empty()).then(|| until_delivered(instance, id, waiting, session)).transpose();
    let Ok(deferred) = deferred else {
        instance.settle(env, id, &Outcome::Boolean(false));
        return Ok(());
    };
    instance.flushes.add(id, Flush { pending: pending.clone(), timer, deferred });
    Ok(())
}

pub(super) fn end_later(
    instance: &Instance,
    id: OperationId,
    after: Duration,
) -> Result<JoinHandle<()>, http::Error> {
    let channel = instance.channel.clone();
    Ok(Environment::runtime()?.spawn(async move {
        tokio::time::sleep(after).await;
        channel.send(Message::FlushTimeout(id));
    }))
}

/// Waits, on the runtime, until nothing is left in these outboxes.
fn until_delivered(
    instance: &Instance,
    id: OperationId,
    outboxes: Vec<Arc<Deliveries>>,
    session: Option<String>,
) -> Result<JoinHandle<()>, http::Error> {
    let channel = instance.channel.clone();
    Ok(Environment::runtime()?.spawn(async move {
        for outbox in outboxes {
            outbox.until_delivered(session.as_deref()).await;
        }
        channel.send(Message::NothingDeferred(id));
    }))
}
