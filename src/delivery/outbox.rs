//! Asks the host for the tokens of sessions in the outbox.

use napi::{Env, JsValue, ValueType};
use session_ingress_core::delivery::Grant;
use session_ingress_core::http::Client;
use session_ingress_core::protocol::trim;

use super::report;
use crate::configure::{CallSettings, HostCallback};
use crate::instance::Instance;
use crate::js::{self, Thrown};

/// What `outbox.getToken` returns for a session; what is no string counts as no token, and is told.
pub(super) fn grant_token(
    instance: &Instance,
    env: &Env,
    session_id: &str,
    url: &str,
) -> Option<Grant<Client>> {
    let function = instance.get_token(env)?;
    let realm = instance.realm(env);
    let session = realm.object();
    js::set(env, session, "sessionId", js::string(env, session_id));
    js::set(env, session, "url", js::string(env, url));
    let wrong = |error| {
        report::log(instance, env, HostCallback::LogError, &[error]);
        None
    };
    let returned = match js::call(env, function, js::undefined(env), &[session]) {
        Ok(returned) => returned,
        Err(Thrown(error)) => return wrong(error),
    };
    if returned.is_promise().unwrap_or(false) {
        js::ignore_rejection(env, returned);
        return wrong(
            realm.type_error("outbox.getToken must return a string, null or undefined, and no promise"),
        );
    }
    let token = match js::kind(returned) {
        ValueType::Undefined | ValueType::Null => return None,
        ValueType::String => js::as_string(env, returned)?,
        _ => return wrong(realm.type_error("outbox.getToken must return a string, null or undefined")),
    };
    let token = trim(&token).to_owned();
    let CallSettings { retry, timeouts, .. } = instance.settings();
    let transport = instance.client(env);
    (!token.is_empty()).then_some(Grant { token, transport, retry, timeouts })
}
