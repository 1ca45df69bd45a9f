//! The JavaScript side: the exported functions, a few lines each, and what carries them.
//!
//! # Layout
//!
//! - `host`: one environment, with all that belongs to it. `options`, `network`: what `configure` reads.
//!   `arguments`: what the functions take. `credentials`, `environment`: what the host and `process.env` supply.
//! - `reader`: what a read keeps until it settles, how it is cancelled, how far it is. `signal`: the host's
//!   `AbortSignal`s. `clearing`, `flush`, `stats`: the functions of these names.
//! - `settle`: the ordered channel from the runtime to the JavaScript thread. `wake`, `waker`: when that is woken,
//!   and by what. `deliver`: its end there. `completion`: how operations end. `panics`: what one on that thread becomes.
//! - `debug_log`: what `NODE_DEBUG` shows. `json`: V8's JSON. `text`: the form in which V8 takes it fastest.
//!   `js`: all that is unsafe.
// napi's macro makes the exported functions public.
#![allow(unreachable_pub)]

mod arguments;
mod clearing;
mod completion;
mod credentials;
mod debug_log;
mod deliver;
mod environment;
mod flush;
#[cfg(test)]
mod fuzz;
mod host;
mod js;
mod json;
mod network;
mod options;
mod panics;
mod reader;
mod settle;
mod signal;
mod stats;
#[cfg(feature = "test-hooks")]
mod test_hooks;
mod text;
mod wake;
mod waker;

use napi::Env;
use napi::bindgen_prelude::Object;
use napi_derive::napi;

use crate::ingress::{Caller, Diagnostic, Entry, Error, Events, Operation, Target};
use arguments::{entry_uuid, session_key, string_argument};
use host::Host;
use js::Value;
use options::Rejection;
use panics::caught;
use reader::ReadOptions;
use settle::{Message, OperationId, Outcome};

#[napi(module_exports)]
pub fn load(_exports: Object<'_>, env: Env) -> napi::Result<()> {
    caught(|| Host::install(&env)).map_err(napi::Error::from_reason)?
}

/// Appends an entry to a session's remote log.
///
/// Takes the token, serialises the entry with `JSON.stringify` and queues it before it returns: entries of
/// a session are sent in the order of the calls, one at a time, as they were at the call. Sessions run
/// beside each other.
///
/// Resolves `true` when the server has the entry, exactly once; `false` when it is not known to be stored,
/// after `retry.maxAttempts` attempts where another could have helped, or where `limits.maxPendingBytes` left
/// no room. Rejects only for what is wrong at the call: a `TypeError` that names the argument, or what
/// `getSessionIngressAuthToken` threw.
///
/// @param sessionId names the session; its queue and head belong to this JavaScript environment
/// @param entry any object with a `uuid`, a non-empty string without control characters
/// @param url where the log is, absolute, http or https
#[napi(
    ts_generic_types = "T extends TranscriptMessage",
    ts_args_type = "sessionId: string, entry: T, url: string",
    ts_return_type = "Promise<boolean>"
)]
pub fn append_session_log<'e>(
    env: &'e Env,
    session_id: Value<'e>,
    entry: Value<'e>,
    url: Value<'e>,
) -> napi::Result<Value<'e>> {
    Host::operation(env, Operation::Append, |host, id| {
        let session_id = session_key(env, session_id)?;
        let uuid = entry_uuid(env, entry)?;
        let url = string_argument(env, url, "url")?;
        let Some(token) = host.token(env)? else {
            return not_queued(host, id, &session_id, NO_TOKEN, Diagnostic::PersistNoToken);
        };
        let body = match host.json.stringify(env, entry) {
            Ok(Some(body)) => body,
            Ok(None) => {
                let nothing = js::type_error(env, "the entry has no JSON: JSON.stringify gave undefined");
                return not_serialisable(env, host, id, &session_id, nothing);
            }
            Err(js::Thrown(error)) => return not_serialisable(env, host, id, &session_id, error),
        };
        let numbers = host.options.borrow().numbers;
        if !host.has_room(body.len()) {
            return not_queued(host, id, &session_id, QUEUE_FULL, Diagnostic::PersistQueueFull);
        }
        let entry = Entry { uuid, body, url, token, retry: numbers.retry, timeouts: numbers.timeouts };
        let (client, line) = (host.client(env), host.line());
        let completion = host.completion(Operation::Append, id);
        host.with_ingress(|ingress| {
            ingress.append(&session_id, entry, client, line, move |appended, ticket| {
                completion.settle(Outcome::Appended(appended, ticket));
            });
        })
    })
}

/// Reads a session's whole log, or what came after its last compaction where env
/// `CLAUDE_AFTER_LAST_COMPACT` says so. The uuid of the last entry becomes the session's head.
///
/// Resolves the entries in order, `[]` where the server has no log, `null` where it could not be read (no
/// token, an expired one, no answer, a wrong shape). Rejects with a `TypeError` for wrong arguments, with
/// what `getSessionIngressAuthToken` threw, and with the reason of `options.signal`.
#[napi(
    ts_generic_types = "T = Entry",
    ts_args_type = "sessionId: string, url: string, options?: ReadOptions | null",
    ts_return_type = "Promise<T[] | null>"
)]
pub fn get_session_logs<'e>(
    env: &'e Env,
    session_id: Value<'e>,
    url: Value<'e>,
    options: Value<'e>,
) -> napi::Result<Value<'e>> {
    Host::operation(env, Operation::ReadLog, |host, id| {
        let session_id = session_key(env, session_id)?;
        let url = string_argument(env, url, "url")?;
        let begun = host.begin_read(env, id, ReadOptions::read(env, options)?)?;
        let Some(token) = host.token(env)? else {
            report(host, NO_TOKEN, Diagnostic::GetNoToken);
            host.channel.send(Message::Settle(id, Outcome::Null));
            return Ok(());
        };
        let target = Target::new(&url, &token);
        let (reading, settle) = (host.reading(env, id, begun), host.settle_list(id));
        host.with_ingress(|ingress| ingress.read_session_log(&session_id, target, reading, settle))
    })
}

/// Reads a session's log with an OAuth token, from the server that `getOauthConfig` names. The session's
/// head is not touched.
///
/// Resolves as `getSessionLogs` does. Rejects with a `TypeError` for wrong arguments, with what
/// `getOauthConfig` or `getOAuthHeaders` threw, and with the reason of `options.signal`.
#[napi(
    js_name = "getSessionLogsViaOAuth",
    ts_generic_types = "T = Entry",
    ts_args_type = "sessionId: string, accessToken: string, orgUUID: string, options?: ReadOptions | null",
    ts_return_type = "Promise<T[] | null>"
)]
pub fn get_session_logs_via_oauth<'e>(
    env: &'e Env,
    session_id: Value<'e>,
    access_token: Value<'e>,
    org_uuid: Value<'e>,
    options: Value<'e>,
) -> napi::Result<Value<'e>> {
    Host::operation(env, Operation::ReadLog, |host, id| {
        let session_id = string_argument(env, session_id, "sessionId")?;
        string_argument(env, access_token, "accessToken")?;
        let organization = string_argument(env, org_uuid, "orgUUID")?;
        let begun = host.begin_read(env, id, ReadOptions::read(env, options)?)?;
        let account = host.account(env, access_token, &organization)?;
        let (reading, settle) = (host.reading(env, id, begun), host.settle_list(id));
        host.with_ingress(|ingress| ingress.read_account_log(session_id, account, reading, settle))
    })
}

/// Reads the events of a teleported session, page by page, at most 100 pages of 1000.
///
/// Resolves their payloads in order, `null` where the session has none or they could not be read: fall back
/// to the session's log. Rejects with an `Error` that asks to log in again on a 401, with a `TypeError` for
/// wrong arguments, with what `getOauthConfig` or `getOAuthHeaders` threw, and with the reason of
/// `options.signal`.
#[napi(
    ts_generic_types = "T = Entry",
    ts_args_type = "sessionId: string, accessToken: string, orgUUID: string, options?: ReadOptions | null",
    ts_return_type = "Promise<T[] | null>"
)]
pub fn get_teleport_events<'e>(
    env: &'e Env,
    session_id: Value<'e>,
    access_token: Value<'e>,
    org_uuid: Value<'e>,
    options: Value<'e>,
) -> napi::Result<Value<'e>> {
    Host::operation(env, Operation::ReadTeleportEvents, |host, id| {
        let session_id = string_argument(env, session_id, "sessionId")?;
        string_argument(env, access_token, "accessToken")?;
        let organization = string_argument(env, org_uuid, "orgUUID")?;
        let begun = host.begin_read(env, id, ReadOptions::read(env, options)?)?;
        let account = host.account(env, access_token, &organization)?;
        let reading = host.reading(env, id, begun);
        let completion = host.completion(Operation::ReadTeleportEvents, id);
        host.with_ingress(|ingress| {
            ingress.read_events(session_id, account, reading, move |events| {
                let outcome = match events {
                    Events::Read => Outcome::List,
                    Events::None => Outcome::Null,
                    Events::SessionExpired => Outcome::Rejected(Error::SessionExpired.to_string()),
                };
                completion.settle(outcome);
            });
        })
    })
}

/// Supplies the host's own functions and sets limits, for this JavaScript environment.
///
/// Merges, at the top and inside `retry`, `timeouts`, `limits` and `tls`: a key that is present replaces,
/// `null` or `undefined` restores the default, an absent key stays; but `proxy: null` is no proxy at all.
/// Throws a `TypeError` that names the key for an unknown one or a wrong value, and then applies nothing.
#[napi(ts_args_type = "options: ConfigureOptions", ts_return_type = "void", catch_unwind)]
pub fn configure<'e>(env: &'e Env, options: Value<'e>) -> napi::Result<()> {
    if let Err(rejection) = Host::of(env)?.configure(env, options) {
        env.throw(rejection.into_value(env))?;
    }
    Ok(())
}

const NO_TOKEN: &str = "The host has no token for the session";
const QUEUE_FULL: &str = "No room for another entry: limits.maxPendingBytes are pending";

fn report(host: &Host, line: &str, diagnostic: Diagnostic) {
    let caller: &dyn Caller = &host.line();
    caller.debug(|| line.to_owned());
    caller.diagnostic(diagnostic);
}

/// An append that ends without a request.
fn not_queued<'e>(
    host: &Host,
    id: OperationId,
    session_id: &str,
    line: &str,
    diagnostic: Diagnostic,
) -> Result<(), Rejection<'e>> {
    report(host, line, diagnostic);
    host.fail_append(id, session_id);
    Ok(())
}

/// `logError` takes errors: one that V8 threw as it is, anything else inside one.
fn not_serialisable<'e>(
    env: &'e Env,
    host: &Host,
    id: OperationId,
    session_id: &str,
    thrown: Value<'e>,
) -> Result<(), Rejection<'e>> {
    let error = if js::is_error(env, thrown) {
        thrown
    } else {
        let text = js::as_string(env, thrown).unwrap_or_else(|| "a value that is no Error".into());
        js::error(env, &format!("the entry cannot be serialised: {text}"))
    };
    if let Some(pending) = host.operations.borrow_mut().get_mut(&id) {
        pending.error = Some(js::Persistent::new(env, error));
    }
    host.channel.send(Message::NotSerialisable(id));
    host.fail_append(id, session_id);
    Ok(())
}
