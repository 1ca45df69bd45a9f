//! `outboxSessions`, `discardOutboxSession` and `requeueOutboxSession`: a look into the outbox.

use std::sync::Arc;

use napi::bindgen_prelude::This;
use napi::{Env, ValueType};
use napi_derive::napi;
use session_ingress_core::http;
use session_ingress_core::report::Operation;

use super::arguments::session_key;
use crate::channel::{Deliveries, OutboxRow, Outcome};
use crate::environment::Environment;
use crate::instance::Instance;
use crate::js::{self, Value};
use crate::rejection::Rejection;

/// Lists what waits in the outbox: of this instance, of other processes, and of none.
///
/// Resolves one object for each session, and for each state that its entries are in; `[]` where no outbox is configured.
/// Sessions without entries are not listed.
///
/// @example
/// ```ts
/// for (const { sessionId, entries, state } of await outboxSessions()) console.log(sessionId, entries, state)
/// ```
#[napi(ts_args_type = "", ts_return_type = "Promise<OutboxSession[]>")]
pub fn outbox_sessions<'e>(env: &'e Env, this: This<Value<'e>>) -> napi::Result<Value<'e>> {
    with_outboxes(
        env,
        this.object,
        |_| Ok(()),
        |(), outboxes| async move {
            let mut rows = Vec::new();
            for (number, outbox) in outboxes.iter().enumerate() {
                let (own, others) = outbox.list().await;
                rows.extend(own.into_iter().map(OutboxRow::Own));
                let is_new = outboxes[..number].iter().all(|before| before.folder() != outbox.folder());
                rows.extend(others.into_iter().filter(|_| is_new).map(OutboxRow::Other));
            }
            Outcome::OutboxRows(rows)
        },
    )
}

/// Gives up what is not delivered of a session, or of all sessions: what is queued here, what other processes left
/// behind, dead letters, and (without an id) what could not be read. For a logout, and for a change of account.
///
/// Resolves the number of entries that were given up, once their removal is on the disk. Pending promises of these
/// entries resolve `false`; an entry whose request is under way may be stored all the same. What another process holds
/// stays. Rejects with a `TypeError` where `sessionId` is given and not a string.
///
/// @param sessionId the session; default: all of them
///
/// @example
/// ```ts
/// const lost = await discardOutboxSession()
/// ```
#[napi(ts_args_type = "sessionId?: string", ts_return_type = "Promise<number>")]
pub fn discard_outbox_session<'e>(
    env: &'e Env,
    this: This<Value<'e>>,
    session_id: Value<'e>,
) -> napi::Result<Value<'e>> {
    with_outboxes(
        env,
        this.object,
        |env| optional_session(env, session_id),
        |session_id, outboxes| async move {
            let mut entries = 0;
            for outbox in outboxes {
                entries += outbox.discard(session_id.clone()).await.entries;
            }
            Outcome::Number(entries as f64)
        },
    )
}

/// Has the dead letters of a session, and what became too old, tried again: by the process that uses the session next, or
/// by any that can give a token for it.
///
/// Resolves the number of entries. Rejects with a `TypeError` where `sessionId` is not a string.
///
/// @example
/// ```ts
/// await requeueOutboxSession(sessionId)
/// ```
#[napi(ts_args_type = "sessionId: string", ts_return_type = "Promise<number>")]
pub fn requeue_outbox_session<'e>(
    env: &'e Env,
    this: This<Value<'e>>,
    session_id: Value<'e>,
) -> napi::Result<Value<'e>> {
    with_outboxes(
        env,
        this.object,
        |env| session_key(env, session_id),
        |session_id, outboxes| async move {
            let mut entries = 0;
            for outbox in outboxes {
                entries += outbox.requeue(session_id.clone()).await;
            }
            Outcome::Number(entries as f64)
        },
    )
}

fn optional_session<'e>(env: &'e Env, session_id: Value<'e>) -> Result<Option<String>, Rejection<'e>> {
    let is_given = js::kind(session_id) != ValueType::Undefined;
    is_given.then(|| session_key(env, session_id)).transpose()
}

/// Begins an operation with the outboxes of the instance.
fn with_outboxes<'e, A: Send + 'static, F: Future<Output = Outcome> + Send + 'static>(
    env: &'e Env,
    this: Value<'_>,
    arguments: impl FnOnce(&'e Env) -> Result<A, Rejection<'e>>,
    work: impl FnOnce(A, Vec<Arc<Deliveries>>) -> F,
) -> napi::Result<Value<'e>> {
    Instance::operation(env, this, Operation::Outbox, |instance, id| {
        let arguments = arguments(env)?;
        let outboxes = instance.outboxes.list();
        let completion = instance.completion(Operation::Outbox, id);
        let work = work(arguments, outboxes);
        let spawn = |runtime: &tokio::runtime::Handle| {
            runtime.spawn(async move { completion.settle(work.await) });
        };
        let no_runtime = |failure: http::Error| Rejection::Type(failure.to_string());
        Environment::runtime().map(spawn).map_err(no_runtime)
    })
}
