//! `appendSessionLog`: serialises an entry and queues it in its session.

use std::sync::Arc;

use napi::bindgen_prelude::This;
use napi::{Env, JsValue};
use napi_derive::napi;
use session_ingress_core::append::{Entry, enqueue, enqueue_withdrawable, random, report_unsendable};
use session_ingress_core::delivery::Means;
use session_ingress_core::report::{Diagnostic, Operation, ReporterExt, without_secrets};
use session_ingress_core::session::{PendingEntry, Session};

use super::arguments::{entry_uuid, optional_object, session_key, string_argument};
use crate::channel::{Message, OperationId, Outcome};
use crate::configure::CallSettings;
use crate::environment::Environment;
use crate::instance::Instance;
use crate::js::{self, Persistent, Thrown, Value};
use crate::operations::{QueueOfEntry, reason, signal};
use crate::rejection::Rejection;

pub(super) const NO_TOKEN: &str = "The host has no token for the session";
const QUEUE_FULL: &str = "No room for another entry: it would exceed limits.maxPendingBytes";

/// Appends an entry to a session's remote log.
///
/// Gets the token, serialises the entry with `JSON.stringify` and queues it, all before it returns. The entries of a
/// session are sent one at a time, in the order of the calls; later changes of the entry have no effect. Different
/// sessions are sent concurrently.
///
/// An entry that is pending already (the same session and URL, uuid and bytes) is not sent twice: the second call joins
/// the first, and their promises settle with the same value.
///
/// Resolves `true` when the server has stored the entry, exactly once (where a proxy may repeat a `PUT`, only with
/// `retry.verifyConflicts`). Resolves `false` where there is no token, where the entry cannot be serialised or does not
/// fit `limits.maxPendingBytes`, where no further attempt can help, and when the entry is not known to be stored after
/// `retry.maxAttempts` attempts or `retry.maxConflicts` conflicts, or the host has shut down. Rejects only for errors at
/// the call, with a `TypeError` that names the argument or the error that `getSessionIngressAuthToken` threw, and with the
/// reason of `options.signal` where that aborts before anything of the entry was sent.
///
/// @param sessionId the session; its queue and head belong to this instance
/// @param entry any object with a `uuid`, a string of 1 to 256 characters of visible ASCII
/// @param url the absolute URL of the log, http or https
/// @param options `signal` takes the entry out of the queue, as long as its turn has not come
///
/// @example
/// ```ts
/// const stored = await appendSessionLog(sessionId, { uuid: randomUUID(), type: 'user', text }, url)
/// if (!stored) console.error('The server may not have this entry.')
/// ```
#[napi(
    ts_generic_types = "T extends TranscriptMessage",
    ts_args_type = "sessionId: string, entry: T, url: string, options?: AppendOptions | null",
    ts_return_type = "Promise<boolean>"
)]
pub fn append_session_log<'e>(
    env: &'e Env,
    this: This<Value<'e>>,
    session_id: Value<'e>,
    entry: Value<'e>,
    url: Value<'e>,
    options: Value<'e>,
) -> napi::Result<Value<'e>> {
    Instance::operation(env, this.object, Operation::Append, |instance, id| {
        let session_id = session_key(env, session_id)?;
        let uuid = entry_uuid(env, entry)?;
        let url = string_argument(env, url, "url")?;
        let signal = read_signal(env, options)?;
        if let Some(signal) = signal {
            instance.watch(env, signal, id)?;
            instance.make_abortable(env, id, signal);
        }
        instance.begin_trace(env, (id, Operation::Append), &session_id, || uuid.to_string());
        let trace = instance.trace_of(id);
        let reporter = instance.reporter().traced(trace.clone());
        if instance.shutdown.has_begun() {
            reporter.debug(|| format!("Appending {uuid}: the host has shut down"));
            reporter.diagnostic(Diagnostic::PersistShutDown);
            return end(instance, id, &session_id);
        }
        let token = instance.token(env)?;
        let outbox = instance.outboxes.of(&session_id);
        // Where the session had one before, an outbox keeps the entry until there is another.
        let had = || outbox.as_ref().and_then(|outbox| outbox.last_token(&session_id));
        let (token, has_token) = match token {
            Some(token) => (Some(token), true),
            None => (had(), false),
        };
        let Some(token) = token else {
            reporter.debug(|| NO_TOKEN.to_owned());
            reporter.diagnostic(Diagnostic::PersistNoToken);
            return end(instance, id, &session_id);
        };
        let body = match instance.environment.json.stringify(instance.realm(env), entry) {
            Ok(Some(body)) => body,
            Ok(None) => {
                let error = instance
                    .realm(env)
                    .type_error("the entry has no JSON: JSON.stringify returned undefined");
                report_not_serialisable(instance, env, id, error);
                return end(instance, id, &session_id);
            }
            Err(Thrown(error)) => {
                report_not_serialisable(instance, env, id, error);
                return end(instance, id, &session_id);
            }
        };
        let of_host = instance.host_headers(env, &session_id);
        let session = instance.session(&session_id);
        let endpoint = session.endpoint(url, &token).map(|endpoint| {
            if of_host.is_empty() { endpoint } else { Arc::new(endpoint.with_host_headers(of_host)) }
        });
        let (endpoint, runtime) = match endpoint.and_then(|endpoint| Ok((endpoint, Environment::runtime()?)))
        {
            Ok(both) => both,
            Err(failure) => {
                report_unsendable(failure, (&session, &uuid), &reporter);
                return end(instance, id, &session_id);
            }
        };
        if let Some(trace) = &trace {
            trace.add_bytes(body.len());
            instance.trace_url(env, id, || without_secrets(endpoint.url()));
        }
        let client = instance.client(env);
        // No JavaScript runs from here on: the same entry cannot be appended between these steps.
        let pending_entry = PendingEntry::new(uuid.clone(), body.clone(), Arc::clone(&endpoint));
        if let Some(signal) = signal.filter(|_| instance.is_append_aborted(id)) {
            return Err(Rejection::Thrown(reason(env, signal)));
        }
        if let Some(first) = session.join(&pending_entry, id) {
            instance.note_joined(id, first);
            reporter.debug(|| format!("Appending {uuid}: the same entry is pending already"));
            count(instance, id, &session, 0);
            return Ok(());
        }
        if !instance.fits_pending_limit(body.len()) {
            reporter.debug(|| QUEUE_FULL.to_owned());
            reporter.diagnostic(Diagnostic::PersistQueueFull);
            return end(instance, id, &session_id);
        }
        count(instance, id, &session, body.len());
        let pending_entry = Arc::new(pending_entry);
        session.begin(Arc::clone(&pending_entry), id);
        instance.operations.with(id, |pending| pending.entry = Some((session.clone(), pending_entry)));
        let CallSettings { retry, timeouts, .. } = instance.settings();
        let completion = instance.completion(Operation::Append, id);
        if let Some(outbox) = outbox {
            if !has_token {
                reporter.diagnostic(Diagnostic::PersistNoToken);
            }
            let means = Means { transport: client, reporter, endpoint, retry, timeouts, has_token };
            let settle = Box::new(move |stored| completion.settle(Outcome::Boolean(stored)));
            outbox.append((&session, &session_id), (uuid, body), means, settle);
            if signal.is_some() {
                instance.note_queue(id, QueueOfEntry::Outbox(outbox));
            }
            return Ok(());
        }
        let entry = Entry { uuid, body, endpoint, retry, timeouts, random };
        let settle = move |appended| completion.settle(Outcome::Boolean(appended));
        if signal.is_some() {
            let place = enqueue_withdrawable(runtime, &session, entry, client, reporter, settle);
            instance.note_queue(id, QueueOfEntry::Session(place));
        } else {
            enqueue(runtime, &session, entry, client, reporter, settle);
        }
        Ok(())
    })
}

/// The signal of `options`.
fn read_signal<'e>(env: &'e Env, options: Value<'e>) -> Result<Option<Value<'e>>, Rejection<'e>> {
    let Some(options) = optional_object(env, options, &["signal"])? else { return Ok(None) };
    let given = js::get(env, options, "signal")?;
    (!js::is_nullish(given)).then(|| signal(env, given, "options.signal")).transpose()
}

/// Ends an append without a request; it counts as failed when its promise settles.
fn end<'e>(instance: &Instance, id: OperationId, session_id: &str) -> Result<(), Rejection<'e>> {
    count(instance, id, &instance.session(session_id), 0);
    instance.channel.send(Message::Settle(id, Outcome::Boolean(false)));
    Ok(())
}

/// Counts an append of `bytes` bytes as pending until its promise settles.
fn count(instance: &Instance, id: OperationId, session: &Session, bytes: usize) {
    let guard = session.count_append(bytes);
    instance.operations.with(id, |pending| pending.guard = Some(guard));
}

/// Reports the value that V8 threw: an error unchanged, any other value as the text of a new error.
fn report_not_serialisable(instance: &Instance, env: &Env, id: OperationId, thrown: Value<'_>) {
    let error = if thrown.is_error().unwrap_or(false) {
        Persistent::new(env, thrown)
    } else {
        let text = js::as_string(env, thrown).unwrap_or_else(|| "a value that is not an Error".into());
        Persistent::new(env, instance.realm(env).error(&format!("the entry cannot be serialised: {text}")))
    };
    instance.operations.with(id, |pending| pending.error = Some(error));
    instance.channel.send(Message::NotSerialisable(id));
}
