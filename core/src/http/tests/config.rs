//! The source of each setting.

use crate::http::config::*;
use crate::http::secret::Secret;

fn read(variables: &[(&str, &str)]) -> Settings {
    read_with(&NetworkOptions::default(), variables)
}

fn read_with(options: &NetworkOptions, variables: &[(&str, &str)]) -> Settings {
    Settings::read(options, |name| {
        variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string())
    })
}

fn secret(text: &str) -> Option<Secret> {
    Some(Secret::new(text))
}

/// The variable and URL of the proxies for https and http.
fn proxies(settings: &Settings) -> [Option<(&'static str, &str)>; 2] {
    let ProxySettings::Environment { https, http, .. } = &settings.proxies else { panic!("configured") };
    [https, http].map(|proxy| proxy.as_ref().map(|proxy| (proxy.name, proxy.url.reveal())))
}

#[test]
fn the_lower_case_form_of_a_proxy_variable_comes_first() {
    let settings = read(&[("HTTPS_PROXY", "upper"), ("https_proxy", "lower"), ("HTTP_PROXY", "http")]);
    assert_eq!(proxies(&settings), [Some(("https_proxy", "lower")), Some(("HTTP_PROXY", "http"))]);
}

#[test]
fn all_proxy_stands_in_for_the_one_that_is_missing() {
    let settings = read(&[("ALL_PROXY", "all"), ("http_proxy", "http"), ("HTTPS_PROXY", "")]);
    assert_eq!(proxies(&settings), [Some(("ALL_PROXY", "all")), Some(("http_proxy", "http"))]);
}

#[test]
fn an_empty_environment_sets_nothing() {
    assert_eq!(read(&[]), Settings::default());
}

#[test]
fn a_configured_proxy_leaves_the_variables_out() {
    let variables = [("https_proxy", "lower"), ("NO_PROXY", "*")];
    let with = |proxy| read_with(&NetworkOptions { proxy, ..NetworkOptions::default() }, &variables).proxies;
    let url = Secret::new("http://a.test");
    assert_eq!(with(ProxyOption::Url(url.clone())), ProxySettings::Configured(Some(url)));
    assert_eq!(with(ProxyOption::None), ProxySettings::Configured(None));
}

#[test]
fn the_store_is_that_of_the_variables() {
    let store = read(&[("SSL_CERT_FILE", "/file"), ("SSL_CERT_DIR", "/one:/two")]).tls.store;
    assert_eq!(store, Store { file: Some("/file".into()), dirs: Some("/one:/two".into()) });
}

#[test]
fn options_win_over_variables() {
    let variables = [
        ("NODE_EXTRA_CA_CERTS", "/ca"),
        ("CLAUDE_CODE_CLIENT_CERT", "/cert"),
        ("CLAUDE_CODE_CLIENT_KEY", "/key"),
        ("CLAUDE_CODE_CLIENT_KEY_PASSPHRASE", "of the environment"),
    ];
    let tls = read(&variables).tls;
    assert_eq!(tls.ca, Some(Pem::File("NODE_EXTRA_CA_CERTS", "/ca".into())));
    let identity = tls.identity.unwrap();
    assert_eq!(identity.key.pem, Some(Pem::File("CLAUDE_CODE_CLIENT_KEY", "/key".into())));
    assert_eq!(identity.passphrase, secret("of the environment"));

    let options = NetworkOptions { ca: secret("CA"), cert: secret("CERT"), ..NetworkOptions::default() };
    let tls = read_with(&options, &variables).tls;
    assert_eq!(tls.ca, Some(Pem::Text("tls.ca", Secret::new("CA"))));
    let identity = tls.identity.unwrap();
    assert_eq!(identity.cert.pem, Some(Pem::Text("tls.cert", Secret::new("CERT"))));
    assert_eq!((identity.key.pem, identity.passphrase), (None, None));
}

#[test]
fn only_0_turns_the_check_of_certificates_off() {
    for (value, accepts) in [("0", true), ("", false), ("1", false), ("false", false), ("00", false)] {
        let tls = read(&[("NODE_TLS_REJECT_UNAUTHORIZED", value)]).tls;
        assert_eq!(tls.danger_accept_invalid_certs, accepts, "{value:?}");
    }
}

#[test]
fn what_is_printed_holds_no_secret() {
    let options = NetworkOptions {
        ca: secret("hidden"),
        cert: secret("hidden"),
        key: secret("hidden"),
        passphrase: secret("hidden"),
        proxy: ProxyOption::Url(Secret::new("hidden")),
    };
    let configured = read_with(&options, &[]);
    let variables = ["HTTPS_PROXY", "HTTP_PROXY", "CLAUDE_CODE_CLIENT_KEY_PASSPHRASE"];
    let mut variables = variables.map(|name| (name, "hidden")).to_vec();
    variables.push(("CLAUDE_CODE_CLIENT_KEY", "/key"));
    let printed = format!("{options:?} {configured:?} {:?}", read(&variables));
    assert!(!printed.contains("hidden"), "{printed}");
    assert!(printed.contains("/key"));
}
