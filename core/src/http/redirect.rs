//! Redirects: the request that follows a response.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, percent_encode};
use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{Method, Url};

use crate::http::error::Error;
use crate::http::message::{MAX_URL_BYTES, Request};

/// Maximum number of redirects that are followed for one request.
pub(super) const MAX_REDIRECTS: usize = 21;

/// The request that follows a response, or `None` where the response is the last one.
///
/// 301, 302, 307 and 308 keep method and body. 303 asks for a GET elsewhere, which says nothing about an
/// entry: a PUT ends with it. Neither an entry nor a header of the host leaves the origin that it was meant for.
pub(super) fn follow(request: &Request, status: u16, headers: &HeaderMap) -> Result<Option<Request>, Error> {
    match status {
        301 | 302 | 307 | 308 => {}
        303 if request.method == Method::GET => {}
        _ => return Ok(None),
    }
    // Bytes beyond ASCII go back as they came, in whichever encoding the server names its paths.
    let location: Option<Cow<'_, str>> =
        headers.get(LOCATION).map(|location| percent_encode(location.as_bytes(), &AsciiSet::EMPTY).into());
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
    // Not left to the next request: that the server named such a URL does not make the host's request unsendable.
    if url.as_str().len() > MAX_URL_BYTES {
        return Err(Error::Redirect(format!(
            "the server redirects to a URL of more than {MAX_URL_BYTES} bytes"
        )));
    }
    let mut next = request.clone();
    if !keeps_origin(&request.url, &url) {
        if request.method != Method::GET {
            let origin = url.origin().ascii_serialization();
            return Err(Error::Redirect(format!("the server redirects to another origin, {origin}")));
        }
        next.headers = request.headers.for_another_origin();
    }
    next.url = url;
    Ok(Some(next))
}

/// Whether a redirect stays with the origin of the request. One from http to https, both at their default ports, does:
/// it is how a host says that it wants to be asked safely.
fn keeps_origin(from: &Url, to: &Url) -> bool {
    let is_upgrade = (from.scheme(), to.scheme()) == ("http", "https");
    let has_default_ports = from.port().is_none() && to.port().is_none();
    from.origin() == to.origin() || (is_upgrade && has_default_ports && from.host() == to.host())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::concurrency::Share;
    use crate::http::headers::Headers;
    use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, COOKIE, HeaderValue, USER_AGENT};

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
    fn an_entry_and_the_headers_stay_with_their_origin() {
        let same =
            ["two", "http://a.test:80/two", "https://a.test/two", "https://a.test:443/two", "//A.test"];
        for location in same {
            for method in [Method::GET, Method::PUT] {
                let next = followed(method, 307, location).unwrap();
                assert!(next.headers.get(AUTHORIZATION).is_some(), "{location}");
            }
        }
        for (location, origin) in [
            ("http://a.test:81/two?secret", "http://a.test:81"),
            ("https://a.test:80/two", "https://a.test:80"),
            ("https://user:secret@b.test/two", "https://b.test"),
            ("//b.test/two", "http://b.test"),
        ] {
            let next = followed(Method::GET, 307, location).unwrap();
            assert!(next.headers.get(AUTHORIZATION).is_none(), "{location}");
            let put = follow(&request(Method::PUT, "http://a.test/one"), 307, &to(location)).unwrap_err();
            assert_eq!(put.to_string(), format!("the server redirects to another origin, {origin}"));
        }
    }

    #[test]
    fn a_redirect_from_https_to_http_or_from_another_port_leaves_the_origin() {
        for (from, location) in
            [("https://a.test/", "http://a.test/"), ("http://a.test:81/", "https://a.test/")]
        {
            assert!(follow(&request(Method::PUT, from), 307, &to(location)).is_err());
            let next = follow(&request(Method::GET, from), 307, &to(location)).unwrap().unwrap();
            assert!(next.headers.get(AUTHORIZATION).is_none());
        }
    }

    #[test]
    fn of_the_headers_of_a_host_accept_and_user_agent_go_to_another_origin() {
        let names = [AUTHORIZATION, COOKIE, ACCEPT, USER_AGENT, ACCEPT_ENCODING];
        let mut headers: HeaderMap =
            names.into_iter().map(|name| (name, HeaderValue::from_static("host"))).collect();
        headers.insert("x-api-key", HeaderValue::from_static("host"));
        let headers = Headers::new(headers).with("x-own".parse().unwrap(), HeaderValue::from_static("host"));
        let request = Request { headers, ..request(Method::GET, "http://a.test/") };
        let next = follow(&request, 302, &to("http://b.test/")).unwrap().unwrap().headers.to_map();
        assert_eq!(
            (&next[ACCEPT], &next[USER_AGENT], next.len()),
            (&"host".parse().unwrap(), &"host".parse().unwrap(), 3)
        );
        assert_eq!(next[ACCEPT_ENCODING], "gzip, deflate, br");
    }

    #[test]
    fn credentials_in_a_location_are_dropped() {
        let next = followed(Method::PUT, 307, "http://user:secret@a.test/two").unwrap();
        assert_eq!(next.url.as_str(), "http://a.test/two");
        assert!(next.headers.get(AUTHORIZATION).is_some());
    }

    #[test]
    fn bytes_beyond_ascii_in_a_location_come_back_as_they_were_sent() {
        for (location, url) in [
            (&b"/caf\xe9?\xe9"[..], "http://a.test/caf%E9?%E9"),
            ("/café".as_bytes(), "http://a.test/caf%C3%A9"),
            ("//bücher.test/".as_bytes(), "http://xn--bcher-kva.test/"),
        ] {
            let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_bytes(location).unwrap())]);
            let next = follow(&request(Method::GET, "http://a.test/"), 302, &headers).unwrap().unwrap();
            assert_eq!(next.url.as_str(), url);
        }
    }

    #[test]
    fn a_url_that_is_too_long_to_send_is_a_redirect_that_is_not_followed() {
        let longest = format!("/{}", "a".repeat(MAX_URL_BYTES - "http://a.test/".len()));
        assert!(followed(Method::PUT, 307, &longest).is_some());
        let failure =
            follow(&request(Method::PUT, "http://a.test/"), 307, &to(&format!("{longest}a"))).unwrap_err();
        assert!(matches!(failure, Error::Redirect(_)), "{failure}");
    }

    #[test]
    fn another_scheme_is_refused() {
        for location in ["ftp://a.test/", "file:///etc/passwd", "data:,x", "http://"] {
            let failure = follow(&request(Method::GET, "http://a.test/"), 302, &to(location)).unwrap_err();
            assert!(matches!(failure, Error::Redirect(_)), "{location}");
        }
    }
}
