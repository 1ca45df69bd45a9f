//! Property tests of requests: URLs, tokens and headers of any kind are sent unchanged, or refused.

use reqwest::Url;
use reqwest::header::AUTHORIZATION;

use crate::http::{self, Request};
use crate::protocol::{LogEndpoint, OAuthEndpoint, Timeouts};
use crate::testing::fuzz::{Result, Unstructured, fuzz, text};

/// A random base URL, as a host may configure it.
fn base(u: &mut Unstructured<'_>) -> Result<String> {
    const BASES: [&str; 14] = [
        "http://a.test",
        "https://a.test/",
        "http://a.test:8080/base/",
        "http://[::1]:1",
        "http://127.1",
        "http://user:secret@a.test/",
        "HTTP://A.test/%zz",
        "http://a.test/?x=1",
        "http://a.test/#fragment",
        "http://",
        "ftp://a.test",
        "//a.test",
        "http:\\\\a.test\\b",
        "",
    ];
    let mut base = (*u.choose(&BASES)?).to_owned();
    if u.ratio(1, 3)? {
        base.push_str(&text(u)?);
    }
    Ok(base)
}

/// Asserts what every request must have.
fn check(request: &Request) {
    let url = &request.url;
    assert!(matches!(url.scheme(), "http" | "https") && url.has_host(), "{url}");
    assert_eq!((url.fragment(), url.username(), url.password()), (None, "", None), "{url}");
    assert_eq!(Url::parse(url.as_str()).as_ref(), Ok(url));
}

fn is_sendable(value: &str) -> bool {
    !value.bytes().any(|byte| (byte < b' ' && byte != b'\t') || byte == 0x7f)
}

#[test]
fn any_url_and_token_make_a_valid_request_or_an_error() {
    fuzz("endpoints", |u| {
        let (url, token) = (base(u)?, text(u)?);
        let Ok(endpoint) = LogEndpoint::new(&url, &token) else {
            let other = LogEndpoint::new("http://a.test/", &token);
            assert!(!is_sendable(&token) || LogEndpoint::new(&url, "t").is_err(), "{url:?} {token:?}");
            assert_eq!(other.is_ok(), is_sendable(&token), "{token:?}");
            return Ok(());
        };
        assert!(is_sendable(&token), "{token:?}");
        for after_last_compact in [false, true] {
            let request = endpoint.read(after_last_compact, &Timeouts::default());
            check(&request);
            assert_eq!(
                request.headers.to_map()[AUTHORIZATION].as_bytes(),
                format!("Bearer {token}").as_bytes()
            );
            let query = request.url.query().unwrap_or_default();
            let has_parameter = query.split('&').next_back() == Some("after_last_compact=true");
            assert!(has_parameter || !after_last_compact, "{}", request.url);
            // The path and the query of the URL are unchanged.
            let before = Url::parse(&url).unwrap();
            let original_query = before.query().unwrap_or_default();
            assert!(
                query.starts_with(original_query) && before.path() == request.url.path(),
                "{url:?} {}",
                request.url
            );
        }
        let put = endpoint.append(None, &"{}".into(), &Timeouts::default());
        check(&put);
        Ok(())
    });
}

#[test]
fn no_session_id_or_cursor_leads_to_another_server() {
    fuzz("oauth", |u| {
        let (base, session, cursor) = (base(u)?, text(u)?, text(u)?);
        let endpoint = OAuthEndpoint::new(base.clone(), vec![], "o").unwrap();
        let events = |endpoint: &OAuthEndpoint| {
            let pages = endpoint.read_teleport_events(&session, &Timeouts::default())?;
            Ok::<_, http::Error>(pages.page(Some(&cursor)))
        };
        // Where the base URL alone has a host, the request must go to that host.
        let named = Url::parse(&base).ok().filter(|base| base.has_host());
        for request in [endpoint.read_log(&session, true, &Timeouts::default()), events(&endpoint)] {
            let Ok(request) = request else { continue };
            check(&request);
            if let Some(named) = &named {
                assert_eq!(named.origin(), request.url.origin(), "{base:?} {session:?}");
            }
        }
        if let Ok(request) = events(&endpoint) {
            let last = request.url.query_pairs().last().unwrap();
            assert_eq!((&*last.0, &*last.1), ("cursor", &*cursor), "{}", request.url);
        }
        Ok(())
    });
}

#[test]
fn any_headers_of_a_host_are_sent_unchanged_or_refused_by_name() {
    fuzz("headers", |u| {
        let mut headers = Vec::new();
        for _ in 0..u.int_in_range(0..=3)? {
            let name = if u.ratio(1, 2)? { "x-header".into() } else { text(u)? };
            headers.push((name, text(u)?));
        }
        let organization = text(u)?;
        match OAuthEndpoint::new("http://a.test".into(), headers.clone(), &organization) {
            Ok(endpoint) => {
                let request = endpoint.read_log("s", false, &Timeouts::default()).unwrap();
                headers.push(("x-organization-uuid".into(), organization));
                // The last of duplicate names wins; letter case does not matter.
                for (index, (name, value)) in headers.iter().enumerate() {
                    if !headers[index + 1..].iter().any(|(later, _)| later.eq_ignore_ascii_case(name)) {
                        assert_eq!(request.headers.to_map()[name.as_str()].as_bytes(), value.as_bytes());
                    }
                }
            }
            Err(failure) => {
                let names = |name: &str| failure.to_string().contains(name);
                let is_named = |(name, value): &(String, String)| {
                    names(&format!("{name:?}")) || (!is_sendable(value) && names(&name.to_lowercase()))
                };
                assert!(headers.iter().any(is_named) || !is_sendable(&organization), "{failure} {headers:?}");
            }
        }
        Ok(())
    });
}
