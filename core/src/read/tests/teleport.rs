//! specification.md, section 5, row by row, against a scripted server.

use crate::http::Failure;
use crate::json::EntryBatch;
use crate::protocol::{OAuthEndpoint, TeleportPages, Timeouts};
use crate::read::teleport::{Events, read_events, report_unsendable_events};
use crate::read::{Sink, SinkError};
use crate::testing::script::{Kept, Recorder, Script, ScriptedResponse};

struct Teleport {
    events: Events,
    payloads: Vec<String>,
    told: Vec<String>,
    urls: Vec<String>,
}

fn pages() -> TeleportPages {
    let endpoint = OAuthEndpoint::new("http://a.test".into(), vec![], "org").unwrap();
    endpoint.read_teleport_events("s", &Timeouts::default()).unwrap()
}

async fn teleport(answers: impl IntoIterator<Item = ScriptedResponse>) -> Teleport {
    let (script, host, mut kept) = (Script::new(answers), Recorder::default(), Kept::default());
    let events = read_events(&script, &pages(), &mut kept, &host).await;
    assert_eq!(script.left(), 0, "answers that nobody asked for");
    let queries = script.requests().into_iter().map(|request| request.url.query().unwrap().to_owned());
    Teleport { events, payloads: kept.0, told: host.told(), urls: queries.collect() }
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
        assert!(read.told.is_empty());
    }
}

#[tokio::test]
async fn a_number_is_echoed_as_its_text() {
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
async fn of_duplicate_keys_the_last_one_counts() {
    let body =
        r#"{"data":[{"payload":1}],"next_cursor":"a","data":[{"payload":2,"payload":3}],"next_cursor":null}"#;
    let read = teleport([page(&["0"], r#""x""#), ScriptedResponse::ok(body)]).await;
    assert_eq!(read.payloads, ["0", "3"]);
}

#[tokio::test]
async fn a_200_of_another_shape_is_an_error_and_no_events() {
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
        for answers in
            [vec![ScriptedResponse::ok(body)], vec![page(&["1"], r#""c""#), ScriptedResponse::ok(body)]]
        {
            let read = teleport(answers).await;
            assert_eq!(read.events, Events::None, "{body}");
            assert_eq!(read.told, ["logError", "teleport_events_invalid_shape"], "{body}");
        }
    }
}

#[tokio::test]
async fn a_404_on_the_first_page_is_no_events() {
    let read = teleport([ScriptedResponse::status(404)]).await;
    assert_eq!(read.events, Events::None);
    assert_eq!(read.told, ["teleport_events_not_found"]);
}

#[tokio::test]
async fn a_404_on_a_later_page_ends_with_what_was_read() {
    let read = teleport([page(&["1"], r#""""#), ScriptedResponse::status(404)]).await;
    assert_eq!((read.events, read.payloads), (Events::Read, vec!["1".into()]));
    assert_eq!(read.told, ["teleport_events_not_found"]);
}

#[tokio::test]
async fn a_401_on_any_page_means_that_the_session_has_expired() {
    for answers in
        [vec![ScriptedResponse::status(401)], vec![page(&["1"], r#""c""#), ScriptedResponse::status(401)]]
    {
        let read = teleport(answers).await;
        assert_eq!(read.events, Events::SessionExpired);
        assert_eq!(read.told, ["teleport_events_bad_token"]);
    }
}

#[tokio::test]
async fn any_other_status_on_any_page_is_no_events() {
    for (status, event) in [
        (204, "bad_status"),
        (302, "bad_status"),
        (403, "bad_status"),
        (429, "bad_status"),
        (500, "fetch_fail"),
        (503, "fetch_fail"),
    ] {
        for answers in [
            vec![ScriptedResponse::status(status)],
            vec![page(&["1"], r#""c""#), ScriptedResponse::status(status)],
        ] {
            let read = teleport(answers).await;
            assert_eq!(read.events, Events::None);
            assert_eq!(read.told, ["logError".to_owned(), format!("teleport_events_{event}")]);
        }
    }
}

#[tokio::test]
async fn no_answer_on_any_page_is_no_events() {
    for answers in [
        vec![ScriptedResponse::broken()],
        vec![page(&["1"], r#""c""#), ScriptedResponse::ok(r#"{"data":["#).cut()],
    ] {
        let read = teleport(answers).await;
        assert_eq!(read.events, Events::None);
        assert_eq!(read.told, ["logError", "teleport_events_fetch_fail"]);
    }
}

#[tokio::test]
async fn an_answer_of_any_status_whose_body_breaks_off_is_no_answer() {
    for status in [404, 401, 400, 500] {
        for before in [vec![], vec![page(&["1"], r#""c""#)]] {
            let answers = before.into_iter().chain([ScriptedResponse::status(status).cut()]);
            let read = teleport(answers).await;
            assert_eq!(read.events, Events::None);
            assert_eq!(read.told, ["logError", "teleport_events_fetch_fail"]);
        }
    }
}

#[tokio::test]
async fn a_page_beyond_the_limit_is_a_wrong_shape() {
    let too_large = || ScriptedResponse::ok(r#"{"data":[{"payload":1}"#).then(Failure::TooLarge(7));
    for answers in [vec![too_large()], vec![page(&["1"], r#""c""#), too_large()]] {
        let read = teleport(answers).await;
        assert_eq!(read.events, Events::None);
        assert_eq!(read.told, ["logError", "teleport_events_invalid_shape"]);
    }
}

#[tokio::test]
async fn only_the_last_of_duplicate_pages_is_looked_at() {
    let body = r#"{"data":["x",1],"data":[{"payload":1}]}"#;
    let read = teleport([ScriptedResponse::ok(body)]).await;
    assert_eq!((read.events, read.payloads), (Events::Read, vec!["1".into()]));
    let read = teleport([ScriptedResponse::ok(r#"{"data":[{]],"data":[{"payload":1}]}"#)]).await;
    assert_eq!(read.told, ["logError", "teleport_events_invalid_shape"]);
}

#[tokio::test]
async fn a_hundred_pages_are_read_and_no_more() {
    let read = teleport((0..100).map(|number| page(&[&number.to_string()], r#""c""#))).await;
    assert_eq!((read.events, read.payloads.len()), (Events::Read, 100));
    assert_eq!(read.told, ["logError", "teleport_events_page_cap"]);
}

#[tokio::test]
async fn a_hundred_pages_without_a_cursor_left_are_no_cap() {
    let pages = (1..100).map(|_| page(&["1"], r#""c""#)).chain([page(&["1"], "")]);
    let read = teleport(pages).await;
    assert_eq!((read.events, read.payloads.len()), (Events::Read, 100));
    assert!(read.told.is_empty());
}

/// A sink that falls behind: what it accepts is looked at only when somebody waits for that.
struct Behind {
    script: Script,
    requests_when_waited_for: Vec<usize>,
}

impl Sink for Behind {
    async fn accept(&mut self, _slice: EntryBatch) -> Result<(), SinkError> {
        Ok(())
    }

    async fn truncate(&mut self, _entries: usize) -> Result<(), SinkError> {
        Ok(())
    }

    async fn complete(&mut self) -> Result<(), SinkError> {
        self.requests_when_waited_for.push(self.script.requests().len());
        Ok(())
    }
}

#[tokio::test]
async fn the_next_page_is_on_its_way_while_the_sink_works_on_the_last_one() {
    let script = Script::new([page(&["1"], r#""c""#), page(&["2"], r#""d""#), page(&["3"], "")]);
    let mut behind = Behind { script: script.clone(), requests_when_waited_for: Vec::new() };
    let host = Recorder::default();
    let events = read_events(&script, &pages(), &mut behind, &host).await;
    assert_eq!(events, Events::Read);
    assert_eq!(behind.requests_when_waited_for, [3]);
}

#[test]
fn a_read_of_events_that_cannot_be_sent_counts_as_no_response() {
    let host = Recorder::default();
    let headers = vec![("a b".into(), "1".into())];
    let failure = OAuthEndpoint::new("http://a.test".into(), headers, "org").unwrap_err();
    report_unsendable_events(failure, &host);
    assert_eq!(host.told(), ["logError", "teleport_events_fetch_fail"]);
}
