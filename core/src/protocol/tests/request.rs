//! The requests of the protocol: methods, URLs, headers and timeouts.

use crate::http::{Share, Timeout};
use crate::protocol::*;
use std::time::Duration;

fn endpoint(url: &str) -> LogEndpoint {
    LogEndpoint::new(url, "t").unwrap()
}

fn read_url(url: &str) -> String {
    endpoint(url).read(true, &Timeouts::default()).url.to_string()
}

#[test]
fn an_append_is_a_put_with_token_type_and_head() {
    let head = EntryUuid::new("h").unwrap();
    let request = endpoint("http://a.test/log?x=1#y").append(Some(&head), &"{}".into(), &Timeouts::default());
    assert_eq!((request.method.as_str(), request.url.as_str()), ("PUT", "http://a.test/log?x=1"));
    let headers = request.headers.to_map();
    assert_eq!(headers["authorization"], "Bearer t");
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["last-uuid"], "h");
    // With what the transport adds to every request.
    assert_eq!(headers.len(), 6);
}

#[test]
fn a_head_with_control_characters_is_not_sent() {
    let head = EntryUuid::new("a\nb").unwrap();
    let request = endpoint("http://a.test/").append(Some(&head), &"{}".into(), &Timeouts::default());
    assert!(request.headers.get("last-uuid").is_none());
}

#[test]
fn the_timeout_of_an_append_grows_by_a_second_for_each_64_kib() {
    let limit = |bytes| Timeouts::default().append_limit(bytes).unwrap().duration.as_millis();
    assert_eq!(limit(0), 60_000);
    assert_eq!(limit(64 * 1024), 61_000);
    assert_eq!(limit(12 * 1024 * 1024), 252_000);
}

#[test]
fn the_default_timeouts_are_10_60_and_20_seconds() {
    let seconds = |limit: Option<Duration>| limit.unwrap().as_secs();
    let Timeouts { connect, append, fetch } = Timeouts::default();
    assert_eq!((seconds(connect), seconds(append), seconds(fetch)), (10, 60, 20));
}

#[test]
fn a_read_has_a_timeout_for_its_headers_and_between_chunks() {
    let request = endpoint("http://a.test/").read(false, &Timeouts::default());
    let limit = Some(Timeout { name: "fetchMs", duration: Duration::from_secs(20) });
    assert_eq!((request.response_timeout, request.read_timeout), (limit, limit));
}

#[test]
fn a_search_has_a_timeout_for_all_of_it_and_is_a_part_of_an_append() {
    let timeouts = Timeouts::default();
    let (read, search) =
        (endpoint("http://a.test/").read(false, &timeouts), endpoint("http://a.test/").search(&timeouts));
    let limit = Some(Timeout { name: "fetchMs", duration: Duration::from_secs(200) });
    assert_eq!((read.search_timeout, search.search_timeout), (None, limit));
    assert_eq!((read.share, search.share), (Share::Reads, Share::Appends));
    assert_eq!((&search.url, search.read_timeout), (&read.url, read.read_timeout));
    let unlimited = Timeouts { fetch: None, ..timeouts };
    assert_eq!(endpoint("http://a.test/").search(&unlimited).search_timeout, None);
}

#[test]
fn the_query_of_a_url_is_sent_and_its_fragment_is_not() {
    assert_eq!(read_url("http://a.test/log"), "http://a.test/log?after_last_compact=true");
    assert_eq!(read_url("http://a.test/log?x=%20#y"), "http://a.test/log?x=%20&after_last_compact=true");
}

#[test]
fn an_endpoint_needs_an_absolute_http_url_and_a_token_without_control_characters() {
    for url in ["", "log", "/log", "//a.test/log", "ftp://a.test/log", "file:///log", "http://", "a b"] {
        assert!(LogEndpoint::new(url, "t").is_err(), "{url:?}");
    }
    for token in ["a\nb", "a\0b", "a\u{7f}b"] {
        assert!(LogEndpoint::new("http://a.test/", token).is_err(), "{token:?}");
    }
}

#[test]
fn the_error_for_a_token_does_not_contain_it() {
    let Err(failure) = LogEndpoint::new("http://a.test/", "secret\n") else { panic!("accepted") };
    assert!(!failure.to_string().contains("secret"));
}

fn oauth_endpoint() -> OAuthEndpoint {
    let headers = vec![("Authorization".into(), "Bearer o".into()), ("X-Other".into(), "1".into())];
    OAuthEndpoint::new("http://api.test".into(), headers, "org").unwrap()
}

#[test]
fn an_oauth_read_has_the_headers_of_the_host_and_the_organization() {
    let request = oauth_endpoint().read_log("s", false, &Timeouts::default()).unwrap();
    assert_eq!(request.url.as_str(), "http://api.test/v1/session_ingress/session/s");
    assert_eq!(request.headers.to_map()["authorization"], "Bearer o");
    assert_eq!(request.headers.to_map()["x-organization-uuid"], "org");
    assert_eq!(request.headers.to_map()["x-other"], "1");
}

#[test]
fn a_page_of_events_has_1000_entries_and_a_percent_encoded_cursor() {
    let pages = oauth_endpoint().read_teleport_events("s", &Timeouts::default()).unwrap();
    let url = |cursor| pages.page(cursor).url.to_string();
    let first = "http://api.test/v1/code/sessions/s/teleport-events?limit=1000";
    assert_eq!(url(None), first);
    assert_eq!(url(Some("")), format!("{first}&cursor="));
    assert_eq!(url(Some("a+b/c=&d ö~")), format!("{first}&cursor=a%2Bb%2Fc%3D%26d%20%C3%B6~"));
}

#[test]
fn an_oauth_endpoint_refuses_headers_that_cannot_be_sent() {
    let is_refused = |name: &str, value: &str| {
        OAuthEndpoint::new(String::new(), vec![(name.into(), value.into())], "org").is_err()
    };
    assert!(is_refused("a b", "1"));
    assert!(is_refused("a", "1\n2"));
    assert!(OAuthEndpoint::new(String::new(), vec![], "o\r\n").is_err());
}
