//! Property tests of what stands between the core and the network; see [`crate::testing::fuzz`].

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderValue, LOCATION, PROXY_AUTHORIZATION};

use crate::http::concurrency::Share;
use crate::http::error::Error;
use crate::http::headers::Headers;
use crate::http::message::Request;
use crate::http::redirect::follow;
use crate::testing::fuzz::{Result, Unstructured, bytes, fuzz};

/// A `Location` that a server may send.
fn location(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    const STARTS: [&str; 18] = [
        "",
        "/",
        "//",
        "///",
        "../",
        "?",
        "#",
        "two",
        "http://a.test/two",
        "http://a.test:80",
        "http://A.TEST./",
        "https://a.test/",
        "http://b.test/",
        "//b.test",
        "http://u:p@a.test/",
        "\\\\b.test",
        "file:///etc/passwd",
        "data:,x",
    ];
    let mut location = u.choose(&STARTS)?.as_bytes().to_vec();
    if u.ratio(1, 2)? {
        location.extend(bytes(u)?);
    }
    Ok(location)
}

#[test]
fn a_redirect_of_any_kind_stays_with_http_and_takes_no_secret_to_another_origin() {
    fuzz("redirects", |u| {
        let method = u.choose(&[Method::GET, Method::PUT])?.clone();
        let (status, location) = (*u.choose(&[200, 301, 302, 303, 304, 307, 308])?, location(u)?);
        let Ok(value) = HeaderValue::from_bytes(&location) else { return Ok(()) };
        let secrets = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE];
        let request = Request {
            method: method.clone(),
            url: "http://a.test/one/?x=1".parse().unwrap(),
            headers: Headers::new(
                secrets.iter().map(|name| (name.clone(), HeaderValue::from_static("secret"))).collect(),
            ),
            body: "body".into(),
            share: Share::Appends,
            response_timeout: None,
            read_timeout: None,
            search_timeout: None,
            max_body_bytes: Some(7),
        };
        match follow(&request, status, &HeaderMap::from_iter([(LOCATION, value)])) {
            Ok(Some(next)) => {
                assert!(matches!(status, 301 | 302 | 307 | 308) || (status == 303 && method == Method::GET));
                let url = &next.url;
                assert!(matches!(url.scheme(), "http" | "https") && url.has_host(), "{url}");
                assert_eq!((url.fragment(), url.username(), url.password()), (None, "", None), "{url}");
                let has_secrets = secrets.map(|name| next.headers.get(name).is_some());
                let is_upgrade = url.origin().ascii_serialization() == "https://a.test";
                let is_same = is_upgrade || url.origin() == request.url.origin();
                assert_eq!(has_secrets, [is_same; 3], "{url}");
                assert!(is_same || method == Method::GET, "{url}");
                assert_eq!((next.method, next.body, next.max_body_bytes), (method, request.body, Some(7)));
            }
            Ok(None) => {
                let is_last = !matches!(status, 301 | 302 | 303 | 307 | 308)
                    || (status == 303 && method != Method::GET);
                assert!(is_last || location.trim_ascii().is_empty(), "{status} {location:?}");
            }
            Err(failure) => assert!(matches!(failure, Error::Redirect(_)), "{failure}"),
        }
        Ok(())
    });
}
