//! Tokens, servers and headers that the host supplies.

use std::fs;

use napi::{Env, JsValue, ValueType};
use session_ingress_core::protocol::{DEFAULT_BASE_API_URL, OAuthEndpoint, trim};

use crate::configure::HostCallback;
use crate::globals::Realm;
use crate::js::{self, Value};
use crate::rejection::Rejection;

/// A function of the host, as it is configured now; `None` where it has none.
pub(super) type Callback<'e> = Option<Value<'e>>;

/// The token of sessions: from the host's function, or else from the environment variables. It is trimmed; a blank one
/// counts as none.
///
/// Where the function throws or returns the wrong type, this is a rejection and not the default, because a default
/// would send another token than the host intends (specification.md, section 2).
pub(super) fn token<'e>(realm: Realm<'e>, callback: Callback<'e>) -> Result<Option<String>, Rejection<'e>> {
    let env = realm.env;
    let token = match supplied(env, callback, &[])? {
        Some(token) => match js::kind(token) {
            ValueType::Undefined | ValueType::Null => None,
            ValueType::String => js::as_string(env, token),
            _ => {
                let what = "a string, null or undefined";
                return Err(wrong(HostCallback::GetSessionIngressAuthToken, what));
            }
        },
        None => token_from_variables(realm),
    };
    Ok(token.map(|token| trim(&token).to_owned()).filter(|token| !token.is_empty()))
}

fn token_from_variables(realm: Realm<'_>) -> Option<String> {
    let token = realm.variable("CLAUDE_CODE_SESSION_ACCESS_TOKEN").filter(|token| !trim(token).is_empty());
    token.or_else(|| fs::read_to_string(realm.variable("CLAUDE_SESSION_INGRESS_TOKEN_FILE")?).ok())
}

/// The server of OAuth and teleport reads.
pub(super) fn base_api_url<'e>(env: &'e Env, callback: Callback<'e>) -> Result<String, Rejection<'e>> {
    let Some(config) = supplied(env, callback, &[])? else { return Ok(DEFAULT_BASE_API_URL.to_owned()) };
    let wrong = || wrong(HostCallback::GetOauthConfig, "an object with a string BASE_API_URL");
    if !matches!(js::kind(config), ValueType::Object | ValueType::Function) {
        return Err(wrong());
    }
    let url = js::get(env, config, "BASE_API_URL")?;
    js::as_string(env, url).ok_or_else(wrong)
}

/// The headers of OAuth and teleport reads, by name and value.
pub(super) fn oauth_headers<'e>(
    env: &'e Env,
    callback: Callback<'e>,
    access_token: Value<'_>,
) -> Result<Vec<(String, String)>, Rejection<'e>> {
    let Some(headers) = supplied(env, callback, &[access_token])? else {
        return Ok(OAuthEndpoint::default_headers(&js::as_string(env, access_token).unwrap_or_default()));
    };
    let wrong = || wrong(HostCallback::GetOAuthHeaders, "an object of strings");
    if !is_record(env, headers)? {
        return Err(wrong());
    }
    let mut pairs = Vec::new();
    for name in js::keys(env, headers)? {
        let value = js::get(env, headers, &name)?;
        pairs.push((name, js::as_string(env, value).ok_or_else(wrong)?));
    }
    Ok(pairs)
}

/// The headers of `configure`, by name and value. `refuse` is told of what cannot go along, which costs the request
/// nothing else.
pub(super) fn host_headers(
    env: &Env,
    callback: Callback<'_>,
    mut refuse: impl FnMut(String),
) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    match supplied(env, callback, &[]).and_then(|headers| {
        let Some(headers) = headers else { return Ok(()) };
        if !is_record(env, headers)? {
            return Err(wrong(HostCallback::Headers, "an object of strings"));
        }
        for name in js::keys(env, headers)? {
            let value = js::get(env, headers, &name)?;
            match js::as_string(env, value) {
                Some(value) => pairs.push((name, value)),
                None => refuse(format!("the header {name} is not a string")),
            }
        }
        Ok(())
    }) {
        Ok(()) => {}
        Err(Rejection::Type(why)) => refuse(why),
        Err(Rejection::Thrown(thrown)) => {
            let text = js::get(env, thrown, "message").ok().and_then(|message| js::as_string(env, message));
            refuse(format!("the function threw: {}", text.as_deref().unwrap_or("no Error")));
        }
    }
    pairs
}

/// Whether it is an object whose keys are names: not an array, a `Map`, a `Headers` or a promise.
fn is_record<'e>(env: &'e Env, value: Value<'e>) -> Result<bool, Rejection<'e>> {
    Ok(js::kind(value) == ValueType::Object
        && !is_promise(value)
        && js::kind(js::get(env, value, "entries")?) != ValueType::Function)
}

/// The value that a callback returns; `None` where there is no callback.
fn supplied<'e>(
    env: &'e Env,
    callback: Callback<'e>,
    arguments: &[Value<'_>],
) -> Result<Option<Value<'e>>, Rejection<'e>> {
    let Some(function) = callback else { return Ok(None) };
    let returned = js::call(env, function, js::undefined(env), arguments)?;
    if is_promise(returned) {
        // The caller refuses a promise. Its rejection must not end the process as an unhandled one.
        js::ignore_rejection(env, returned);
    }
    Ok(Some(returned))
}

fn is_promise(value: Value<'_>) -> bool {
    value.is_promise().unwrap_or(false)
}

fn wrong<'e>(callback: HostCallback, what: &str) -> Rejection<'e> {
    Rejection::Type(format!("{} must return {what}", callback.name()))
}
