//! Where a redirect leads.

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, LOCATION, PROXY_AUTHORIZATION};

use crate::http::error::Error;
use crate::http::message::Request;

/// Maximum number of redirects that are followed for one request.
pub(super) const MAX_REDIRECTS: usize = 21;

/// The request that follows a response, or `None` where the response is the last one.
///
/// 301, 302, 307 and 308 keep method and body. 303 asks for a GET elsewhere, which says nothing about an
/// entry: a PUT ends with it. Credentials do not leave the origin that they were meant for.
pub(super) fn follow(request: &Request, status: u16, headers: &HeaderMap) -> Result<Option<Request>, Error> {
    match status {
        301 | 302 | 307 | 308 => {}
        303 if request.method == Method::GET => {}
        _ => return Ok(None),
    }
    let location = headers.get(LOCATION).map(|location| String::from_utf8_lossy(location.as_bytes()));
    let Some(location) = location.filter(|location| !location.trim_ascii().is_empty()) else {
        return Ok(None);
    };
    let mut url = request.url.join(&location).map_err(|error| {
        Error::Redirect(format!("the server redirects to a URL that is not valid: {error}"))
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Error::Redirect(format!("the server redirects to another scheme, {}:", url.scheme())));
    }
    url.set_fragment(None);
    // As in a URL of the host's: the request has its authorization, or has lost it. Neither can fail.
    url.set_username("").ok();
    url.set_password(None).ok();
    let mut next = request.clone();
    if url.origin() != request.url.origin() {
        for secret in [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE] {
            next.headers.remove(&secret);
        }
    }
    next.url = url;
    Ok(Some(next))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::concurrency::Share;
    use crate::http::headers::Headers;
    use reqwest::header::HeaderValue;

    fn request(method: Method, url: &str) -> Request {
        Request {
            method,
            url: url.parse().unwrap(),
            headers: Headers::new(HeaderMap::from_iter([(AUTHORIZATION, "Bearer t".parse().unwrap())])),
            body: "body".into(),
            share: Share::Appends,
            response_timeout: None,
            read_timeout: None,
            search_timeout: None,
            max_body_bytes: None,
        }
    }

    fn to(location: &str) -> HeaderMap {
        HeaderMap::from_iter([(LOCATION, location.parse().unwrap())])
    }

    fn followed(method: Method, status: u16, location: &str) -> Option<Request> {
        follow(&request(method, "http://a.test/one"), status, &to(location)).unwrap()
    }

    #[test]
    fn method_and_body_are_kept() {
        for status in [301, 302, 307, 308] {
            let next = followed(Method::PUT, status, "/two").unwrap();
            assert_eq!(
                (next.method, next.url.as_str(), &next.body[..]),
                (Method::PUT, "http://a.test/two", &b"body"[..])
            );
        }
    }

    #[test]
    fn a_303_is_followed_for_a_read_and_not_for_a_put() {
        assert_eq!(followed(Method::GET, 303, "/two").unwrap().method, Method::GET);
        assert!(followed(Method::PUT, 303, "/two").is_none());
    }

    #[test]
    fn responses_of_any_other_status_are_not_followed() {
        for status in [200, 300, 304, 305, 306, 400] {
            assert!(followed(Method::GET, status, "/two").is_none(), "{status}");
        }
        let none = follow(&request(Method::GET, "http://a.test/"), 302, &HeaderMap::new()).unwrap();
        assert!(none.is_none());
        for blank in ["", "  "] {
            assert!(followed(Method::GET, 302, blank).is_none());
        }
        // White space elsewhere, and no blank of HTTP's.
        let location = HeaderMap::from_iter([(LOCATION, HeaderValue::from_bytes(b"\xc2\x85").unwrap())]);
        let next = follow(&request(Method::GET, "http://a.test/"), 302, &location).unwrap().unwrap();
        assert_eq!(next.url.as_str(), "http://a.test/%C2%85");
    }

    #[test]
    fn authorization_stays_with_its_origin() {
        let kept = |location: &str| {
            followed(Method::GET, 307, location).unwrap().headers.get(AUTHORIZATION).is_some()
        };
        assert!(kept("two"));
        assert!(kept("http://a.test:80/two"));
        assert!(!kept("http://a.test:81/two"));
        assert!(!kept("https://a.test/two"));
        assert!(!kept("http://b.test/two"));
        assert!(!kept("//b.test/two"));
    }

    #[test]
    fn credentials_in_a_location_are_dropped() {
        let next = followed(Method::PUT, 307, "http://user:secret@a.test/two").unwrap();
        assert_eq!(next.url.as_str(), "http://a.test/two");
        assert!(next.headers.get(AUTHORIZATION).is_some());
    }

    #[test]
    fn another_scheme_is_refused() {
        for location in ["ftp://a.test/", "file:///etc/passwd", "data:,x", "http://"] {
            let failure = follow(&request(Method::GET, "http://a.test/"), 302, &to(location)).unwrap_err();
            assert!(matches!(failure, Error::Redirect(_)), "{location}");
        }
    }
}
