//! Errors as JavaScript sees them.

use napi::Env;
use session_ingress_core::report::{About, ErrorReport};

use crate::js::{self, Value};

/// An `Error` with `code`, and with what is known of `cause`, `sessionId`, `uuid`, `status` and `url`.
pub(crate) fn error_object<'e>(env: &'e Env, ErrorReport { error, about }: &ErrorReport) -> Value<'e> {
    let object = js::error(env, &error.to_string());
    let set = |of, key, value| js::set(env, of, key, value);
    let code = js::string(env, error.code());
    set(object, "code", code);
    if let Some(text) = error.cause() {
        let cause = js::error(env, &text);
        set(cause, "code", code);
        set(object, "cause", cause);
    }
    let About { session_id, uuid, url } = about;
    let texts = [("sessionId", session_id.as_deref()), ("uuid", uuid.as_deref()), ("url", url.as_deref())];
    for (key, text) in texts.into_iter().filter_map(|(key, text)| Some((key, text?))) {
        set(object, key, js::string(env, text));
    }
    if let Some(status) = error.status() {
        set(object, "status", js::number(env, status.into()));
    }
    object
}
