//! Errors as JavaScript sees them.

use session_ingress_core::report::{About, ErrorReport};

use crate::globals::Realm;
use crate::js::{self, Value};

/// An `Error` with `code`, and with what is known of `cause`, `sessionId`, `uuid`, `status` and `url`.
pub(crate) fn error_object<'e>(realm: Realm<'e>, ErrorReport { error, about }: &ErrorReport) -> Value<'e> {
    let env = realm.env;
    let object = realm.error(&error.to_string());
    let set = |of, key, value| js::set(env, of, key, value);
    let code = js::string(env, error.code());
    set(object, "code", code);
    if let Some(text) = error.cause() {
        let cause = realm.error(&text);
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
