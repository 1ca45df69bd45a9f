//! The choice of a proxy, or none, for each request.

mod no_proxy;
#[cfg(test)]
mod tests_fuzz;

use std::fmt;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use reqwest::{Proxy, Url};

use crate::http::config::{ProxySettings, ProxyVariable};
use no_proxy::NoProxy;

/// The ways on which requests reach their servers.
#[derive(Debug)]
pub(super) struct Routes {
    https: Route,
    http: Route,
    no_proxy: NoProxy,
}

#[derive(Clone, Debug)]
pub(super) enum Route {
    Direct,
    Via(Arc<ProxyServer>),
    /// The proxy that is set cannot be used, for this reason. To go without it would show what was to be hidden, or
    /// end at a firewall.
    Misconfigured(String),
}

/// A proxy, and the credentials for it.
pub(super) struct ProxyServer {
    /// Without credentials.
    pub(super) url: Url,
    pub(super) credentials: Option<Credentials>,
    /// The option or variable that sets it.
    name: &'static str,
}

/// The user name and password in a proxy's URL.
#[derive(PartialEq)]
pub(super) struct Credentials {
    user: String,
    password: String,
}

impl Credentials {
    fn of(url: &Url) -> Self {
        let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
        Self { user: decoded(url.username()), password: decoded(url.password().unwrap_or_default()) }
    }
}

/// Never shows the credentials.
impl fmt::Display for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.url.port_or_known_default().unwrap_or_default();
        write!(f, "the proxy {}:{port} ({})", self.url.host_str().unwrap_or_default(), self.name)
    }
}

impl fmt::Debug for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Routes {
    pub(super) fn new(settings: &ProxySettings) -> Self {
        match settings {
            ProxySettings::Configured(url) => {
                let url = url.as_ref().map(|url| url.reveal());
                let route = url.map_or(Route::Direct, |url| Route::new("configure: proxy", url));
                Self { https: route.clone(), http: route, no_proxy: NoProxy::default() }
            }
            ProxySettings::Environment { https, http, no_proxy } => {
                let route = |variable: &Option<ProxyVariable>| match variable {
                    Some(ProxyVariable { name, url }) => Route::new(name, url.reveal()),
                    None => Route::Direct,
                };
                let no_proxy = NoProxy::new(no_proxy.as_deref().unwrap_or_default());
                Self { https: route(https), http: route(http), no_proxy }
            }
        }
    }

    pub(super) fn of(&self, url: &Url) -> &Route {
        let route = if url.scheme() == "https" { &self.https } else { &self.http };
        match route {
            Route::Direct => route,
            _ if self.no_proxy.has(url) => &Route::Direct,
            _ => route,
        }
    }

    /// Whether TLS is spoken on the way to a URL: with the server, or with the proxy.
    pub(super) fn need_tls(&self, url: &Url) -> bool {
        url.scheme() == "https" || matches!(self.of(url), Route::Via(proxy) if proxy.url.scheme() == "https")
    }

    /// The routes as proxies of reqwest.
    pub(super) fn proxies(self: &Arc<Self>) -> impl Iterator<Item = Proxy> {
        [("https", &self.https), ("http", &self.http)].into_iter().filter_map(|(scheme, route)| {
            let Route::Via(server) = route else { return None };
            let (routes, url) = (self.clone(), server.url.clone());
            let proxy = Proxy::custom(move |of: &Url| {
                (of.scheme() == scheme && matches!(routes.of(of), Route::Via(_))).then(|| url.clone())
            });
            Some(match &server.credentials {
                Some(Credentials { user, password }) => proxy.basic_auth(user, password),
                None => proxy,
            })
        })
    }
}

impl Route {
    fn new(name: &'static str, url: &str) -> Self {
        match ProxyServer::new(name, url) {
            Ok(server) => Self::Via(Arc::new(server)),
            Err(why) => Self::Misconfigured(format!("{name} {why}")),
        }
    }
}

impl ProxyServer {
    /// The error never quotes the URL, which may hold a password.
    fn new(name: &'static str, url: &str) -> Result<Self, &'static str> {
        let mut url = parse(url)?;
        let has_credentials = !url.username().is_empty() || url.password().is_some();
        let credentials = has_credentials.then(|| Credentials::of(&url));
        // Neither can fail: the URL has a host.
        url.set_username("").ok();
        url.set_password(None).ok();
        url.set_path("/");
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self { url, credentials, name })
    }
}

/// Checks the URL of a proxy. The error never quotes it.
pub fn check_proxy_url(url: &str) -> Result<(), &'static str> {
    parse(url).map(|_| ())
}

/// Parses the URL of a proxy; without a scheme it is http.
fn parse(url: &str) -> Result<Url, &'static str> {
    let url = url.trim();
    let url = if url.contains("://") { Url::parse(url) } else { Url::parse(&format!("http://{url}")) };
    let url = url.map_err(|_| "is no URL of a proxy")?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        scheme if scheme.starts_with("socks") => Err("is a SOCKS proxy, which is not supported"),
        _ => Err("is the URL of no proxy: its scheme is neither http nor https"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::secret::Secret;

    fn server(url: &str) -> Result<ProxyServer, &'static str> {
        ProxyServer::new("HTTPS_PROXY", url)
    }

    fn environment(https: &str, http: &str, no_proxy: &str) -> Arc<Routes> {
        let variable =
            |name, url: &str| (!url.is_empty()).then(|| ProxyVariable { name, url: Secret::new(url) });
        Arc::new(Routes::new(&ProxySettings::Environment {
            https: variable("HTTPS_PROXY", https),
            http: variable("HTTP_PROXY", http),
            no_proxy: Some(no_proxy.to_owned()),
        }))
    }

    fn route(routes: &Routes, url: &str) -> String {
        format!("{:?}", routes.of(&url.parse().unwrap()))
    }

    #[test]
    fn the_url_of_a_proxy_without_scheme_is_http() {
        for (url, is) in [
            ("proxy.test:3128", "http://proxy.test:3128/"),
            ("proxy.test", "http://proxy.test/"),
            ("user:pw@proxy.test:3128", "http://proxy.test:3128/"),
            (" http://proxy.test:3128/path?query#fragment ", "http://proxy.test:3128/"),
            ("https://proxy.test", "https://proxy.test/"),
            ("[::1]:3128", "http://[::1]:3128/"),
        ] {
            assert_eq!(server(url).unwrap().url.as_str(), is, "{url}");
        }
    }

    #[test]
    fn credentials_are_percent_decoded() {
        for (url, user, password) in [
            ("http://user:pass@a.test", "user", "pass"),
            ("http://us%40er:p%3Ass%2F%25@a.test", "us@er", "p:ss/%"),
            ("http://user@a.test", "user", ""),
            ("http://:pass@a.test", "", "pass"),
        ] {
            let credentials = Credentials { user: user.into(), password: password.into() };
            assert!(server(url).unwrap().credentials == Some(credentials), "{url}");
        }
        assert!(server("http://a.test").unwrap().credentials.is_none());
    }

    #[test]
    fn a_url_that_is_not_a_proxys_is_refused_without_quoting_it() {
        for url in ["", "http://", "http://[", "socks5://user:secret@a.test", "ftp://a.test", "http://a b"] {
            let why = check_proxy_url(url).unwrap_err();
            assert!(why.starts_with("is ") && !why.contains("secret"), "{url}: {why}");
        }
        assert!(check_proxy_url("SOCKS5h://a.test").unwrap_err().contains("SOCKS"));
    }

    #[test]
    fn routes_print_no_credentials() {
        let routes = environment("http://user:secret@proxy.test:3128", "", "");
        let printed = format!("{routes:?}");
        assert!(printed.contains("the proxy proxy.test:3128 (HTTPS_PROXY)") && !printed.contains("secret"));
    }

    #[test]
    fn http_and_https_have_a_proxy_each() {
        let routes = environment("one.test:1", "two.test:2", "direct.test");
        assert_eq!(route(&routes, "https://a.test"), "Via(the proxy one.test:1 (HTTPS_PROXY))");
        assert_eq!(route(&routes, "http://a.test"), "Via(the proxy two.test:2 (HTTP_PROXY))");
        assert_eq!(route(&routes, "http://direct.test"), "Direct");
        assert_eq!(route(&environment("", "two.test", ""), "https://a.test"), "Direct");
    }

    #[test]
    fn a_proxy_that_cannot_be_used_stops_the_requests_that_would_go_through_it() {
        let routes = environment("socks5://a.test", "", "direct.test");
        assert!(route(&routes, "https://a.test").starts_with("Misconfigured(\"HTTPS_PROXY is a SOCKS proxy"));
        assert_eq!(route(&routes, "https://direct.test"), "Direct");
        assert_eq!(route(&routes, "http://a.test"), "Direct");
    }

    #[test]
    fn a_configured_proxy_is_for_all_requests() {
        let routes = Routes::new(&ProxySettings::Configured(Some(Secret::new("a.test"))));
        for url in ["http://b.test", "https://127.0.0.1"] {
            assert_eq!(route(&routes, url), "Via(the proxy a.test:80 (configure: proxy))");
        }
        assert_eq!(route(&Routes::new(&ProxySettings::Configured(None)), "https://b.test"), "Direct");
    }
}
