//! What a host supplies to requests: its token, its server, its headers.

use std::fs;

use napi::{Env, ValueType};

use super::environment::{trim, variable};
use super::host::Host;
use super::js::{self, Value};
use super::options::{Binding, Rejection};

const DEFAULT_BASE_API_URL: &str = "https://api.anthropic.com";
const API_VERSION: &str = "2023-06-01";

impl Host {
    /// The session's token: the host's, else the environment's. Trimmed; blank is none.
    ///
    /// A binding that throws or returns something else rejects: to fall back to a default would send a
    /// user's token elsewhere.
    pub(super) fn token<'e>(&self, env: &'e Env) -> Result<Option<String>, Rejection<'e>> {
        let token = match self.supplied(env, Binding::GetSessionIngressAuthToken, &[])? {
            Some(token) => match js::kind(token) {
                ValueType::Undefined | ValueType::Null => None,
                ValueType::String => js::as_string(env, token),
                _ => {
                    return Err(wrong(Binding::GetSessionIngressAuthToken, "a string, null or undefined"));
                }
            },
            None => token_of_environment(env),
        };
        Ok(token.map(|token| trim(&token).to_owned()).filter(|token| !token.is_empty()))
    }

    /// The server of OAuth and teleport reads.
    pub(super) fn base_api_url<'e>(&self, env: &'e Env) -> Result<String, Rejection<'e>> {
        let Some(config) = self.supplied(env, Binding::GetOauthConfig, &[])? else {
            return Ok(DEFAULT_BASE_API_URL.to_owned());
        };
        let wrong = || wrong(Binding::GetOauthConfig, "an object with a string BASE_API_URL");
        if !matches!(js::kind(config), ValueType::Object | ValueType::Function) {
            return Err(wrong());
        }
        let url = js::get(env, config, "BASE_API_URL")?;
        js::as_string(env, url).ok_or_else(wrong)
    }

    /// The headers of OAuth and teleport reads, by name and value.
    pub(super) fn oauth_headers<'e>(
        &self,
        env: &'e Env,
        access_token: Value<'_>,
    ) -> Result<Vec<(String, String)>, Rejection<'e>> {
        let Some(headers) = self.supplied(env, Binding::GetOAuthHeaders, &[access_token])? else {
            let token = js::as_string(env, access_token).unwrap_or_default();
            return Ok([
                ("Authorization", format!("Bearer {token}")),
                ("Content-Type", "application/json".to_owned()),
                ("anthropic-version", API_VERSION.to_owned()),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .into());
        };
        let wrong = || wrong(Binding::GetOAuthHeaders, "an object of strings");
        // A list, a Map or a Headers has no header among its own keys: none would be sent.
        let is_collection = js::kind(headers) == ValueType::Object
            && js::kind(js::get(env, headers, "entries")?) == ValueType::Function;
        if js::kind(headers) != ValueType::Object || js::is_promise(env, headers) || is_collection {
            return Err(wrong());
        }
        let mut pairs = Vec::new();
        for name in js::keys(env, headers)? {
            let value = js::get(env, headers, &name)?;
            pairs.push((name, js::as_string(env, value).ok_or_else(wrong)?));
        }
        Ok(pairs)
    }

    /// What a binding returns; `None` where the host has none.
    fn supplied<'e>(
        &self,
        env: &'e Env,
        binding: Binding,
        arguments: &[Value<'_>],
    ) -> Result<Option<Value<'e>>, Rejection<'e>> {
        let function = self.options.borrow().binding(env, binding);
        let Some(function) = function else { return Ok(None) };
        let returned = js::call(env, function, js::undefined(env), arguments)?;
        if js::is_promise(env, returned) {
            // It is refused by its type. What it rejects with must not end the process for nobody listening.
            self.ignore_rejection(env, returned);
        }
        Ok(Some(returned))
    }
}

fn wrong<'e>(binding: Binding, what: &str) -> Rejection<'e> {
    Rejection::Type(format!("{} must return {what}", binding.name()))
}

fn token_of_environment(env: &Env) -> Option<String> {
    let token = variable(env, "CLAUDE_CODE_SESSION_ACCESS_TOKEN").filter(|token| !trim(token).is_empty());
    token.or_else(|| fs::read_to_string(variable(env, "CLAUDE_SESSION_INGRESS_TOKEN_FILE")?).ok())
}
