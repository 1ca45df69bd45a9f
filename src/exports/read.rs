//! The three readers: they check their arguments and start a job on the runtime.

use std::rc::Rc;
use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::This;
use napi_derive::napi;
use session_ingress_core::delivery::Means;
use session_ingress_core::http;
use session_ingress_core::protocol::{LogEndpoint, OAuthEndpoint, is_truthy};
use session_ingress_core::read::{
    Events, SessionLog, read_session_log, read_teleport_events, report_unsendable_events,
    report_unsendable_log,
};
use session_ingress_core::report::{About, Diagnostic, Error, ErrorReport, Operation, ReporterExt};

use super::append::NO_TOKEN;
use super::arguments::{session_key, string_argument};
use super::begin_read::{ReadHandles, ReadOptions, begin_read, job};
use crate::channel::{ChannelSender, Message, OperationId, Outcome};
use crate::configure::CallSettings;
use crate::environment::Environment;
use crate::instance::Instance;
use crate::js::Value;
use crate::rejection::Rejection;

/// Reads the whole log of a session, or the entries since its last compaction where env `CLAUDE_AFTER_LAST_COMPACT` is
/// `1`, `true`, `yes` or `on`. The uuid of the last entry becomes the session's head.
///
/// Resolves the entries in order, `[]` where the server has no log, and `null` where the log could not be read (no
/// token, an expired token, no response, a wrong shape). Rejects with a `TypeError` for wrong arguments, with the
/// error that `getSessionIngressAuthToken` threw, and with the reason of `options.signal`.
///
/// @param sessionId the session whose head is set
/// @param url the absolute URL of the log, http or https
/// @param options `signal` cancels the read, `onProgress` receives its progress, `checkChain` reports gaps
///
/// @example
/// ```ts
/// const entries = await getSessionLogs<Entry>(sessionId, url, { signal: AbortSignal.timeout(30_000) })
/// if (entries === null) console.error('The log could not be read.')
/// ```
#[napi(
    ts_generic_types = "T = Entry",
    ts_args_type = "sessionId: string, url: string, options?: ReadOptions | null",
    ts_return_type = "Promise<T[] | null>"
)]
pub fn get_session_logs<'e>(
    env: &'e Env,
    this: This<Value<'e>>,
    session_id: Value<'e>,
    url: Value<'e>,
    options: Value<'e>,
) -> napi::Result<Value<'e>> {
    Instance::operation(env, this.object, Operation::ReadLog, |instance, id| {
        let session_id = session_key(env, session_id)?;
        let url = string_argument(env, url, "url")?;
        let handles = begin_read(instance, env, id, ReadOptions::read(env, options)?)?;
        instance.begin_trace(env, (id, Operation::ReadLog), &session_id, String::new);
        let Some(token) = instance.token(env)? else {
            let reporter = instance.reporter().traced(instance.trace_of(id));
            reporter.debug(|| NO_TOKEN.to_owned());
            reporter.diagnostic(Diagnostic::GetNoToken);
            instance.channel.send(Message::Settle(id, Outcome::Null));
            return Ok(());
        };
        let of_host = instance.host_headers(env, &session_id);
        let settings = instance.settings();
        // The session of this moment: where it is cleared meanwhile, the read does not change the head of its
        // successor.
        let session = instance.session(&session_id);
        instance.operations.with_read(id, |read| read.session_id = Some(session_id.clone()));
        let endpoint = LogEndpoint::new(&url, &token).map(|endpoint| endpoint.with_host_headers(of_host));
        let (endpoint, runtime) = match endpoint.and_then(|endpoint| Ok((endpoint, Environment::runtime()?)))
        {
            Ok(both) => both,
            Err(failure) => return end_log(instance, id, &session_id, failure),
        };
        let after_last_compact = is_after_last_compact(instance, env);
        let request = endpoint.read(after_last_compact, &settings.timeouts);
        let of = SessionLog { session, url: endpoint.url().clone(), is_whole: !after_last_compact };
        let request = request.at_most(Some(settings.limits.max_response_bytes));
        let about = About::new(Some(session_id.as_str().into()), None, &of.url);
        let before = instance.outboxes.of(&session_id).map(|outbox| {
            let CallSettings { retry, timeouts, .. } = settings;
            let (transport, reporter) = (instance.client(env), instance.reporter());
            let means =
                Means { transport, reporter, endpoint: Arc::new(endpoint), retry, timeouts, has_token: true };
            (outbox, of.session.clone(), session_id, means)
        });
        let job = job(instance, env, id, about, handles.for_log(after_last_compact));
        let completion = instance.completion(Operation::ReadLog, id);
        runtime.spawn(async move {
            let job = match before {
                Some((outbox, session, session_id, means)) => {
                    job.first(outbox.before_read(session, &session_id, means)).await
                }
                None => job,
            };
            let read = read_session_log(job, request, Some(of)).await;
            completion.settle(if read { Outcome::List } else { Outcome::Null });
        });
        Ok(())
    })
}

/// Reads the log of a session with an OAuth token, from the server that `getOauthConfig` names. The session's head does
/// not change.
///
/// Resolves as `getSessionLogs` does. Rejects with a `TypeError` for wrong arguments, with the error that
/// `getOauthConfig` or `getOAuthHeaders` threw, and with the reason of `options.signal`.
///
/// @param sessionId the session, as the server's URLs name it
/// @param accessToken the OAuth token, passed to `getOAuthHeaders`
/// @param orgUUID the organization, sent as the header `x-organization-uuid`
/// @param options `signal` cancels the read, `onProgress` receives its progress, `checkChain` reports gaps
///
/// @example
/// ```ts
/// const entries = await getSessionLogsViaOAuth<Entry>(sessionId, accessToken, orgUUID)
/// ```
#[napi(
    js_name = "getSessionLogsViaOAuth",
    ts_generic_types = "T = Entry",
    ts_args_type = "sessionId: string, accessToken: string, orgUUID: string, options?: ReadOptions | null",
    ts_return_type = "Promise<T[] | null>"
)]
pub fn get_session_logs_via_oauth<'e>(
    env: &'e Env,
    this: This<Value<'e>>,
    session_id: Value<'e>,
    access_token: Value<'e>,
    org_uuid: Value<'e>,
    options: Value<'e>,
) -> napi::Result<Value<'e>> {
    Instance::operation(env, this.object, Operation::ReadLog, |instance, id| {
        let settings = instance.settings();
        let call = OAuthCall::begin(
            instance,
            env,
            (id, Operation::ReadLog),
            session_id,
            access_token,
            org_uuid,
            options,
        )?;
        let after_last_compact = is_after_last_compact(instance, env);
        let request = call.endpoint.and_then(|endpoint| {
            let request = endpoint.read_log(&call.session_id, after_last_compact, &settings.timeouts)?;
            Ok((request, Environment::runtime()?))
        });
        let (request, runtime) = match request {
            Ok((request, runtime)) => (request.at_most(Some(settings.limits.max_response_bytes)), runtime),
            Err(failure) => return end_log(instance, id, &call.session_id, failure),
        };
        let about = About::new(Some(call.session_id.into()), None, &request.url);
        let job = job(instance, env, id, about, call.handles.for_log(after_last_compact));
        let completion = instance.completion(Operation::ReadLog, id);
        runtime.spawn(async move {
            let read = read_session_log(job, request, None).await;
            completion.settle(if read { Outcome::List } else { Outcome::Null });
        });
        Ok(())
    })
}

/// Reads the events of a teleported session, page by page: at most 100 pages of 1000 events.
///
/// Resolves their payloads in order, and `null` where the session has no events or they could not be read; hosts then
/// fall back to the session's log. Rejects after a 401 with an `Error` that asks the user to log in again, with a
/// `TypeError` for wrong arguments, with the error that `getOauthConfig` or `getOAuthHeaders` threw, and with the
/// reason of `options.signal`.
///
/// @param sessionId the session, as the server's URLs name it
/// @param accessToken the OAuth token, passed to `getOAuthHeaders`
/// @param orgUUID the organization, sent as the header `x-organization-uuid`
/// @param options `signal` cancels the read, `onProgress` receives its progress, `checkChain` reports gaps
///
/// @example
/// ```ts
/// const events = await getTeleportEvents<Entry>(sessionId, accessToken, orgUUID)
/// const entries = events ?? (await getSessionLogsViaOAuth<Entry>(sessionId, accessToken, orgUUID))
/// ```
#[napi(
    ts_generic_types = "T = Entry",
    ts_args_type = "sessionId: string, accessToken: string, orgUUID: string, options?: ReadOptions | null",
    ts_return_type = "Promise<T[] | null>"
)]
pub fn get_teleport_events<'e>(
    env: &'e Env,
    this: This<Value<'e>>,
    session_id: Value<'e>,
    access_token: Value<'e>,
    org_uuid: Value<'e>,
    options: Value<'e>,
) -> napi::Result<Value<'e>> {
    Instance::operation(env, this.object, Operation::ReadTeleportEvents, |instance, id| {
        let settings = instance.settings();
        let call = OAuthCall::begin(
            instance,
            env,
            (id, Operation::ReadTeleportEvents),
            session_id,
            access_token,
            org_uuid,
            options,
        )?;
        let pages = call.endpoint.and_then(|endpoint| {
            let pages = endpoint.read_teleport_events(&call.session_id, &settings.timeouts)?;
            Ok((pages, Environment::runtime()?))
        });
        let (pages, runtime) = match pages {
            Ok((pages, runtime)) => (pages.at_most(Some(settings.limits.max_response_bytes)), runtime),
            Err(failure) => {
                report_unsendable_events(failure, &unsendable(instance, id, &call.session_id));
                instance.channel.send(Message::Settle(id, Outcome::Null));
                return Ok(());
            }
        };
        let about = About::new(Some(call.session_id.into()), None, &pages.page(None).url);
        let expired = ErrorReport { error: Error::SessionExpired, about: about.clone() };
        let job = job(instance, env, id, about, call.handles);
        let completion = instance.completion(Operation::ReadTeleportEvents, id);
        runtime.spawn(async move {
            completion.settle(match read_teleport_events(job, pages).await {
                Events::Read => Outcome::List,
                Events::None => Outcome::Null,
                Events::SessionExpired => Outcome::Rejected(Box::new(expired)),
            });
        });
        Ok(())
    })
}

/// Ends a read of a log whose request cannot be sent.
fn end_log<'e>(
    instance: &Instance,
    id: OperationId,
    session_id: &str,
    failure: http::Error,
) -> Result<(), Rejection<'e>> {
    report_unsendable_log(failure, &unsendable(instance, id, session_id));
    instance.channel.send(Message::Settle(id, Outcome::Null));
    Ok(())
}

/// The reporter of a request that cannot be sent. Its URL may be anything, and is not told.
fn unsendable(instance: &Instance, id: OperationId, session_id: &str) -> ChannelSender {
    let about = About { session_id: Some(session_id.into()), ..About::default() };
    instance.reporter().about(about).traced(instance.trace_of(id))
}

/// Whether only the entries since the last compaction are wanted.
fn is_after_last_compact(instance: &Instance, env: &Env) -> bool {
    instance.realm(env).variable("CLAUDE_AFTER_LAST_COMPACT").is_some_and(|value| is_truthy(&value))
}

/// A read by OAuth that has begun.
struct OAuthCall {
    session_id: String,
    handles: ReadHandles,
    endpoint: Result<OAuthEndpoint, http::Error>,
}

impl OAuthCall {
    fn begin<'e>(
        instance: &Rc<Instance>,
        env: &'e Env,
        (id, operation): (OperationId, Operation),
        session_id: Value<'e>,
        access_token: Value<'e>,
        org_uuid: Value<'e>,
        options: Value<'e>,
    ) -> Result<Self, Rejection<'e>> {
        let session_id = string_argument(env, session_id, "sessionId")?;
        string_argument(env, access_token, "accessToken")?;
        let organization = string_argument(env, org_uuid, "orgUUID")?;
        let handles = begin_read(instance, env, id, ReadOptions::read(env, options)?)?;
        instance.begin_trace(env, (id, operation), &session_id, String::new);
        let endpoint = instance.oauth_endpoint(env, &session_id, access_token, &organization)?;
        Ok(Self { session_id, handles, endpoint })
    }
}
