//! Reads the options of connections: `tls` and `proxy`.

use napi::{Env, JsValue, ValueType};
use session_ingress_core::http::{
    NetworkOptions, ProxyOption, Secret, check_certificates, check_private_key, check_proxy_url,
};

use super::values::{read_group, unknown};
use crate::js::{self, Value};
use crate::rejection::Rejection;

/// A check of a PEM text; the error says why the text is refused.
type Check = fn(&str) -> Result<(), &'static str>;

pub(super) fn read_tls<'e>(
    env: &'e Env,
    value: Value<'_>,
    network: &mut NetworkOptions,
) -> Result<(), Rejection<'e>> {
    let default = NetworkOptions { proxy: network.proxy.clone(), ..NetworkOptions::default() };
    read_group(env, value, "tls", network, default, |network, key, name, value| {
        let (option, check): (_, Check) = match key {
            "ca" => (&mut network.ca, check_certificates),
            "cert" => (&mut network.cert, check_certificates),
            "key" => (&mut network.key, check_private_key),
            "passphrase" => (&mut network.passphrase, |_| Ok(())),
            _ => return Err(unknown(name)),
        };
        *option = match js::kind(value) {
            ValueType::Undefined | ValueType::Null => None,
            ValueType::Object if key == "ca" => Some(Secret::new(list(env, value, name, check)?)),
            _ => Some(Secret::new(text(env, value, name, check)?)),
        };
        Ok(())
    })
}

/// Reads `proxy`. `null` means no proxy, and not the default.
pub(super) fn read_proxy<'e>(
    env: &'e Env,
    value: Value<'_>,
    network: &mut NetworkOptions,
) -> Result<(), Rejection<'e>> {
    network.proxy = match js::kind(value) {
        ValueType::Undefined => ProxyOption::Environment,
        ValueType::Null => ProxyOption::None,
        _ => {
            let url = js::as_string(env, value).ok_or_else(|| {
                Rejection::Type(
                    "configure: proxy must be the URL of a proxy, null (none) or undefined".into(),
                )
            })?;
            check_proxy_url(&url).map_err(|why| Rejection::Type(format!("configure: proxy {why}")))?;
            ProxyOption::Url(Secret::new(url))
        }
    };
    Ok(())
}

/// Reads an array of certificates, one by one, so that an error names the index.
fn list<'e>(env: &'e Env, value: Value<'_>, name: &str, check: Check) -> Result<String, Rejection<'e>> {
    let mut texts = String::new();
    if !value.is_array().unwrap_or(false) {
        return Err(not_text(name));
    }
    for index in js::keys(env, value)? {
        let element = js::get(env, value, &index)?;
        texts.push_str(&text(env, element, &format!("{name}[{index}]"), check)?);
        texts.push('\n');
    }
    Ok(texts)
}

fn text<'e>(env: &'e Env, value: Value<'_>, name: &str, check: Check) -> Result<String, Rejection<'e>> {
    let text = js::as_string(env, value).ok_or_else(|| not_text(name))?;
    check(&text).map_err(|why| Rejection::Type(format!("configure: {name} {why}")))?;
    Ok(text)
}

fn not_text<'e>(name: &str) -> Rejection<'e> {
    let what = if name == "tls.passphrase" { "a string" } else { "PEM text" };
    let or_array = if name == "tls.ca" { ", an array of PEM texts" } else { "" };
    Rejection::Type(format!("configure: {name} must be {what}{or_array}, null or undefined"))
}
