//! specification.md, section 5, row by row, against a scripted server.

use crate::http;
use crate::json::EntryBatch;
use crate::protocol::{OAuthEndpoint, TeleportPages, Timeouts};
use crate::read::teleport::{Events, read_events, report_unsendable_events};
use crate::read::{Sink, SinkError};
use crate::testing::script::{CollectingSink, Recorder, Script, ScriptedResponse};

struct Teleport {
    events: Events,
    payloads: Vec<String>,
    reports: Vec<String>,
    urls: Vec<String>,
}

fn pages() -> TeleportPages {
    let endpoint = OAuthEndpoint::new("http://a.test".into(), vec![], "org").unwrap();
    endpoint.read_teleport_events("s", &Timeouts::default()).unwrap()
}

async fn teleport(responses: impl IntoIterator<Item = ScriptedResponse>) -> Teleport {
    let (script, host, mut sink) = (Script::new(responses), Recorder::default(), CollectingSink::default());
    let events = read_events(&script, &pages(), &mut sink, &host).await;
    assert_eq!(script.unused(), 0, "responses that were not requested");
    let queries = script.requests().into_iter().map(|request| request.url.query().unwrap().to_owned());
    Teleport { events, payloads: sink.0, reports: host.reports(), urls: queries.collect() }
}

fn page(payloads: &[&str], cursor: &str) -> ScriptedResponse {
    let events: Vec<_> =
        payloads.iter().map(|payload| format!(r#"{{"event_id":"e","payload":{payload}}}"#)).collect();
    let cursor = if cursor.is_empty() { String::new() } else { format!(r#","next_cursor":{cursor}"#) };
    ScriptedResponse::ok(format!(r#"{{"data":[{}]{cursor}}}"#, events.join(",")))
}

#[tokio::test]
async fn pages_are_read_in_order_until_no_cursor_is_left() {
    for last in ["", "null"] {
        let read = teleport([page(&["1", "2"], r#""c/1""#), page(&[], r#""""#), page(&["3"], last)]).await;
        assert_eq!(read.events, Events::Read);
        assert_eq!(read.payloads, ["1", "2", "3"]);
        assert_eq!(read.urls, ["limit=1000", "limit=1000&cursor=c%2F1", "limit=1000&cursor="]);
        assert!(read.reports.is_empty());
    }
}

#[tokio::test]
async fn a_cursor_that_is_a_number_is_sent_back_as_its_text() {
    let read = teleport([page(&[], "12345678901234567890"), page(&[], "-1.50"), page(&[], "")]).await;
    assert_eq!(read.urls[1..], ["limit=1000&cursor=12345678901234567890", "limit=1000&cursor=-1.50"]);
}

#[tokio::test]
async fn a_payload_that_is_null_or_missing_is_skipped() {
    let body =
        r#"{"data":[{"payload":null},{"event_id":"e"},{"payload":{"a":1}},{"payload":0},{"payload":false}]}"#;
    let read = teleport([ScriptedResponse::ok(body)]).await;
    assert_eq!(read.payloads, [r#"{"a":1}"#, "0", "false"]);
}

#[tokio::test]
async fn the_last_of_duplicate_keys_of_a_page_wins() {
    let body =
        r#"{"data":[{"payload":1}],"next_cursor":"a","data":[{"payload":2,"payload":3}],"next_cursor":null}"#;
    let read = teleport([page(&["0"], r#""x""#), ScriptedResponse::ok(body)]).await;
    assert_eq!(read.payloads, ["0", "3"]);
}

#[tokio::test]
async fn a_page_of_another_shape_gives_an_error_and_no_events() {
    for body in [
        "",
        "[]",
        "{}",
        r#"{"data":{}}"#,
        r#"{"data":null}"#,
        r#"{"data":[null]}"#,
        r#"{"data":[[]]}"#,
        r#"{"data":[1]}"#,
        r#"{"data":[{"payload":1]]}"#,
        r#"{"data":[],"next_cursor":{}}"#,
        r#"{"data":[],"next_cursor":true}"#,
        r#"{"data":[],"next_cursor":["a"]}"#,
    ] {
        for responses in
            [vec![ScriptedResponse::ok(body)], vec![page(&["1"], r#""c""#), ScriptedResponse::ok(body)]]
        {
            let read = teleport(responses).await;
            assert_eq!(read.events, Events::None, "{body}");
            assert_eq!(read.reports, ["logError", "teleport_events_invalid_shape"], "{body}");
        }
    }
}

#[tokio::test]
async fn a_404_for_the_first_page_gives_no_events() {
    let read = teleport([ScriptedResponse::status(404)]).await;
    assert_eq!(read.events, Events::None);
    assert_eq!(read.reports, ["teleport_events_not_found"]);
}

#[tokio::test]
async fn a_404_for_a_later_page_ends_the_list_with_the_pages_before_it() {
    let read = teleport([page(&["1"], r#""""#), ScriptedResponse::status(404)]).await;
    assert_eq!((read.events, read.payloads), (Events::Read, vec!["1".into()]));
    assert_eq!(read.reports, ["teleport_events_not_found"]);
}

#[tokio::test]
async fn a_401_for_any_page_means_that_the_session_has_expired() {
    for responses in
        [vec![ScriptedResponse::status(401)], vec![page(&["1"], r#""c""#), ScriptedResponse::status(401)]]
    {
        let read = teleport(responses).await;
        assert_eq!(read.events, Events::SessionExpired);
        assert_eq!(read.reports, ["teleport_events_bad_token"]);
    }
}

#[tokio::test]
async fn any_other_status_for_any_page_gives_no_events() {
    for (status, event) in [
        (204, "bad_status"),
        (302, "bad_status"),
        (403, "bad_status"),
        (429, "bad_status"),
        (500, "fetch_fail"),
        (503, "fetch_fail"),
    ] {
        for responses in [
            vec![ScriptedResponse::status(status)],
            vec![page(&["1"], r#""c""#), ScriptedResponse::status(status)],
        ] {
            let read = teleport(responses).await;
            assert_eq!(read.events, Events::None);
            assert_eq!(read.reports, ["logError".to_owned(), format!("teleport_events_{event}")]);
        }
    }
}

#[tokio::test]
async fn a_page_without_a_response_gives_an_error_and_no_events() {
    for responses in [
        vec![ScriptedResponse::connection_reset()],
        vec![page(&["1"], r#""c""#), ScriptedResponse::ok(r#"{"data":["#).truncated()],
    ] {
        let read = teleport(responses).await;
        assert_eq!(read.events, Events::None);
        assert_eq!(read.reports, ["logError", "teleport_events_fetch_fail"]);
    }
}

#[tokio::test]
async fn a_page_of_any_status_whose_body_breaks_off_counts_as_no_response() {
    for status in [404, 401, 400, 500] {
        for before in [vec![], vec![page(&["1"], r#""c""#)]] {
            let responses = before.into_iter().chain([ScriptedResponse::status(status).truncated()]);
            let read = teleport(responses).await;
            assert_eq!(read.events, Events::None);
            assert_eq!(read.reports, ["logError", "teleport_events_fetch_fail"]);
        }
    }
}

#[tokio::test]
async fn a_page_beyond_the_limit_counts_as_a_wrong_shape() {
    let too_large = || ScriptedResponse::ok(r#"{"data":[{"payload":1}"#).then_fail(http::Error::TooLarge(7));
    for responses in [vec![too_large()], vec![page(&["1"], r#""c""#), too_large()]] {
        let read = teleport(responses).await;
        assert_eq!(read.events, Events::None);
        assert_eq!(read.reports, ["logError", "teleport_events_invalid_shape"]);
    }
}

#[tokio::test]
async fn only_the_last_of_duplicate_data_arrays_of_a_page_gives_events() {
    let body = r#"{"data":["x",1],"data":[{"payload":1}]}"#;
    let read = teleport([ScriptedResponse::ok(body)]).await;
    assert_eq!((read.events, read.payloads), (Events::Read, vec!["1".into()]));
    let read = teleport([ScriptedResponse::ok(r#"{"data":[{]],"data":[{"payload":1}]}"#)]).await;
    assert_eq!(read.reports, ["logError", "teleport_events_invalid_shape"]);
}

#[tokio::test]
async fn at_most_100_pages_of_events_are_read() {
    let read = teleport((0..100).map(|number| page(&[&number.to_string()], r#""c""#))).await;
    assert_eq!((read.events, read.payloads.len()), (Events::Read, 100));
    assert_eq!(read.reports, ["logError", "teleport_events_page_cap"]);
}

#[tokio::test]
async fn a_read_of_exactly_100_pages_does_not_report_the_page_cap() {
    let pages = (1..100).map(|_| page(&["1"], r#""c""#)).chain([page(&["1"], "")]);
    let read = teleport(pages).await;
    assert_eq!((read.events, read.payloads.len()), (Events::Read, 100));
    assert!(read.reports.is_empty());
}

/// A slow sink, which processes nothing before `complete`; it records the number of requests at that time.
struct SlowSink {
    script: Script,
    requests_at_complete: Vec<usize>,
}

impl Sink for SlowSink {
    async fn accept(&mut self, _batch: EntryBatch) -> Result<(), SinkError> {
        Ok(())
    }

    async fn truncate(&mut self, _entries: usize) -> Result<(), SinkError> {
        Ok(())
    }

    async fn complete(&mut self) -> Result<(), SinkError> {
        self.requests_at_complete.push(self.script.requests().len());
        Ok(())
    }
}

#[tokio::test]
async fn the_next_page_is_requested_while_the_sink_processes_the_last_one() {
    let script = Script::new([page(&["1"], r#""c""#), page(&["2"], r#""d""#), page(&["3"], "")]);
    let mut sink = SlowSink { script: script.clone(), requests_at_complete: Vec::new() };
    let host = Recorder::default();
    let events = read_events(&script, &pages(), &mut sink, &host).await;
    assert_eq!(events, Events::Read);
    assert_eq!(sink.requests_at_complete, [3]);
}

#[test]
fn a_read_of_events_that_cannot_be_sent_counts_as_no_response() {
    let host = Recorder::default();
    let headers = vec![("a b".into(), "1".into())];
    let failure = OAuthEndpoint::new("http://a.test".into(), headers, "org").unwrap_err();
    report_unsendable_events(failure, &host);
    assert_eq!(host.reports(), ["logError", "teleport_events_fetch_fail"]);
}
