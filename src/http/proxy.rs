//! Which proxies a client goes through.

use reqwest::{NoProxy, Proxy};

use super::settings::Settings;

/// The proxies of `settings`; one whose URL is invalid is left out.
pub(super) fn proxies(settings: &Settings) -> impl Iterator<Item = Proxy> {
    let no_proxy = settings.no_proxy.as_deref().and_then(NoProxy::from_string);
    let https = settings.https_proxy.as_deref().and_then(|url| Proxy::https(url).ok());
    let http = settings.http_proxy.as_deref().and_then(|url| Proxy::http(url).ok());
    https.into_iter().chain(http).map(move |proxy| proxy.no_proxy(no_proxy.clone()))
}
