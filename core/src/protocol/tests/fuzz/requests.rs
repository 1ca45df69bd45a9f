//! What a host, a server or a user makes of URLs, tokens and headers is sent as it is, or not at all.

use reqwest::Url;
use reqwest::header::AUTHORIZATION;

use crate::http::{Failure, Request};
use crate::protocol::{LogEndpoint, OAuthEndpoint, Timeouts};
use crate::testing::fuzz::{Result, Unstructured, fuzz, text};

/// Where a host may say that a server is.
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

/// What holds for every request that is sent.
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
fn any_url_and_token_make_a_request_or_say_why_not() {
    fuzz("targets", |u| {
        let (url, token) = (base(u)?, text(u)?);
        let Ok(target) = LogEndpoint::new(&url, &token) else {
            let other = LogEndpoint::new("http://a.test/", &token);
            assert!(!is_sendable(&token) || LogEndpoint::new(&url, "t").is_err(), "{url:?} {token:?}");
            assert_eq!(other.is_ok(), is_sendable(&token), "{token:?}");
            return Ok(());
        };
        assert!(is_sendable(&token), "{token:?}");
        for after_last_compact in [false, true] {
            let request = target.read(after_last_compact, &Timeouts::default());
            check(&request);
            assert_eq!(
                request.headers.to_map()[AUTHORIZATION].as_bytes(),
                format!("Bearer {token}").as_bytes()
            );
            let query = request.url.query().unwrap_or_default();
            let asked = query.split('&').next_back() == Some("after_last_compact=true");
            assert!(asked || !after_last_compact, "{}", request.url);
            // What the URL had stays as it was.
            let before = Url::parse(&url).unwrap();
            let kept = before.query().unwrap_or_default();
            assert!(
                query.starts_with(kept) && before.path() == request.url.path(),
                "{url:?} {}",
                request.url
            );
        }
        let put = target.append(None, &"{}".into(), &Timeouts::default());
        check(&put);
        Ok(())
    });
}

#[test]
fn any_session_and_cursor_are_asked_of_the_server_that_the_host_named() {
    fuzz("accounts", |u| {
        let (base, session, cursor) = (base(u)?, text(u)?, text(u)?);
        let account = OAuthEndpoint::new(base.clone(), vec![], "o").unwrap();
        let events = |account: &OAuthEndpoint| {
            let pages = account.read_teleport_events(&session, &Timeouts::default())?;
            Ok::<_, Failure>(pages.page(Some(&cursor)))
        };
        // The server that the base names by itself: where that has a host, no session leads to another.
        let named = Url::parse(&base).ok().filter(|base| base.has_host());
        for request in [account.read_log(&session, true, &Timeouts::default()), events(&account)] {
            let Ok(request) = request else { continue };
            check(&request);
            if let Some(named) = &named {
                assert_eq!(named.origin(), request.url.origin(), "{base:?} {session:?}");
            }
        }
        if let Ok(request) = events(&account) {
            let last = request.url.query_pairs().last().unwrap();
            assert_eq!((&*last.0, &*last.1), ("cursor", &*cursor), "{}", request.url);
        }
        Ok(())
    });
}

#[test]
fn any_headers_of_a_host_are_sent_as_they_are_or_refused_by_name() {
    fuzz("headers", |u| {
        let mut headers = Vec::new();
        for _ in 0..u.int_in_range(0..=3)? {
            let name = if u.ratio(1, 2)? { "x-header".into() } else { text(u)? };
            headers.push((name, text(u)?));
        }
        let organization = text(u)?;
        match OAuthEndpoint::new("http://a.test".into(), headers.clone(), &organization) {
            Ok(account) => {
                let request = account.read_log("s", false, &Timeouts::default()).unwrap();
                headers.push(("x-organization-uuid".into(), organization));
                // The last one of a name counts, in any case of its letters.
                for (index, (name, value)) in headers.iter().enumerate() {
                    if !headers[index + 1..].iter().any(|(later, _)| later.eq_ignore_ascii_case(name)) {
                        assert_eq!(request.headers.to_map()[name.as_str()].as_bytes(), value.as_bytes());
                    }
                }
            }
            Err(failure) => {
                let refused = |name: &str| failure.to_string().contains(name);
                let named = |(name, value): &(String, String)| {
                    refused(&format!("{name:?}")) || (!is_sendable(value) && refused(&name.to_lowercase()))
                };
                assert!(headers.iter().any(named) || !is_sendable(&organization), "{failure} {headers:?}");
            }
        }
        Ok(())
    });
}
