//! The requests of the protocol, header by header.

use crate::http::Timeout;
use crate::protocol::*;
use std::time::Duration;

fn target(url: &str) -> LogEndpoint {
    LogEndpoint::new(url, "t").unwrap()
}

fn read_url(url: &str) -> String {
    target(url).read(true, &Timeouts::default()).url.to_string()
}

#[test]
fn an_append_is_a_put_with_token_type_and_head() {
    let head = EntryUuid::new("h").unwrap();
    let request = target("http://a.test/log?x=1#y").append(Some(&head), &"{}".into(), &Timeouts::default());
    assert_eq!((request.method.as_str(), request.url.as_str()), ("PUT", "http://a.test/log?x=1"));
    let headers = request.headers.to_map();
    assert_eq!(headers["authorization"], "Bearer t");
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["last-uuid"], "h");
    // With what the transport adds to every request.
    assert_eq!(headers.len(), 6);
}

#[test]
fn a_head_that_no_header_can_carry_is_no_head() {
    let head = EntryUuid::new("a\nb").unwrap();
    let request = target("http://a.test/").append(Some(&head), &"{}".into(), &Timeouts::default());
    assert!(request.headers.get("last-uuid").is_none());
}

#[test]
fn a_put_may_take_a_second_longer_for_each_64_kib() {
    let limit = |bytes| Timeouts::default().append_limit(bytes).unwrap().duration.as_millis();
    assert_eq!(limit(0), 60_000);
    assert_eq!(limit(64 * 1024), 61_000);
    assert_eq!(limit(12 * 1024 * 1024), 252_000);
}

#[test]
fn the_default_limits_are_10_60_and_20_seconds() {
    let seconds = |limit: Option<Duration>| limit.unwrap().as_secs();
    let Timeouts { connect, append, fetch } = Timeouts::default();
    assert_eq!((seconds(connect), seconds(append), seconds(fetch)), (10, 60, 20));
}

#[test]
fn a_read_is_limited_to_its_headers_and_then_between_chunks() {
    let request = target("http://a.test/").read(false, &Timeouts::default());
    let limit = Some(Timeout { name: "fetchMs", duration: Duration::from_secs(20) });
    assert_eq!((request.response_timeout, request.read_timeout), (limit, limit));
}

#[test]
fn a_query_is_kept_and_a_fragment_dropped() {
    assert_eq!(read_url("http://a.test/log"), "http://a.test/log?after_last_compact=true");
    assert_eq!(read_url("http://a.test/log?x=%20#y"), "http://a.test/log?x=%20&after_last_compact=true");
}

#[test]
fn what_cannot_be_requested_is_refused() {
    for url in ["", "log", "/log", "//a.test/log", "ftp://a.test/log", "file:///log", "http://", "a b"] {
        assert!(LogEndpoint::new(url, "t").is_err(), "{url:?}");
    }
    for token in ["a\nb", "a\0b", "a\u{7f}b"] {
        assert!(LogEndpoint::new("http://a.test/", token).is_err(), "{token:?}");
    }
}

#[test]
fn a_refusal_does_not_name_the_token() {
    let Err(failure) = LogEndpoint::new("http://a.test/", "secret\n") else { panic!("accepted") };
    assert!(!failure.to_string().contains("secret"));
}

fn account() -> OAuthEndpoint {
    let headers = vec![("Authorization".into(), "Bearer o".into()), ("X-Other".into(), "1".into())];
    OAuthEndpoint::new("http://api.test".into(), headers, "org").unwrap()
}

#[test]
fn an_account_reads_logs_with_the_hosts_headers_and_its_organization() {
    let request = account().read_log("s", false, &Timeouts::default()).unwrap();
    assert_eq!(request.url.as_str(), "http://api.test/v1/session_ingress/session/s");
    assert_eq!(request.headers.to_map()["authorization"], "Bearer o");
    assert_eq!(request.headers.to_map()["x-organization-uuid"], "org");
    assert_eq!(request.headers.to_map()["x-other"], "1");
}

#[test]
fn events_come_1000_a_page_and_a_cursor_is_percent_encoded() {
    let pages = account().read_teleport_events("s", &Timeouts::default()).unwrap();
    let url = |cursor| pages.page(cursor).url.to_string();
    let first = "http://api.test/v1/code/sessions/s/teleport-events?limit=1000";
    assert_eq!(url(None), first);
    assert_eq!(url(Some("")), format!("{first}&cursor="));
    assert_eq!(url(Some("a+b/c=&d ö~")), format!("{first}&cursor=a%2Bb%2Fc%3D%26d%20%C3%B6~"));
}

#[test]
fn headers_that_cannot_be_sent_are_refused() {
    let refused = |name: &str, value: &str| {
        OAuthEndpoint::new(String::new(), vec![(name.into(), value.into())], "org").is_err()
    };
    assert!(refused("a b", "1"));
    assert!(refused("a", "1\n2"));
    assert!(OAuthEndpoint::new(String::new(), vec![], "o\r\n").is_err());
}
