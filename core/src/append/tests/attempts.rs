//! specification.md, section 3, row by row, against a scripted server and a paused clock.

use std::sync::Arc;

use crate::append::tests::case::{ADOPT, Case, RECOVERED, failed, uuid};
use crate::append::{append, report_unsendable};
use crate::http::Failure;
use crate::protocol::LogEndpoint;
use crate::session::Session;
use crate::testing::script::{Recorder, Script, ScriptedResponse};

const BAD_TOKEN: &str = "session_persist_fail_bad_token";
const CONFLICT: &str = "session_persist_fail_concurrent_modification";

#[tokio::test(start_paused = true)]
async fn a_200_or_201_makes_the_entry_the_head() {
    for status in [200, 201] {
        let outcome = Case::new().run([ScriptedResponse::status(status)]).await;
        assert!(outcome.appended);
        assert_eq!(outcome.requests, ["PUT head"]);
        assert_eq!(outcome.head, Some(uuid("own")));
        assert!(outcome.reports.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_201_counts_even_when_its_body_breaks_off() {
    let outcome = Case::new().run([ScriptedResponse::ok("{").truncated()]).await;
    assert!(outcome.appended);
}

#[tokio::test(start_paused = true)]
async fn an_append_to_a_session_without_a_head_has_no_last_uuid_header() {
    let mut case = Case { session: Session::default(), ..Case::new() };
    assert_eq!(case.run([ScriptedResponse::status(201)]).await.requests, ["PUT"]);
}

#[tokio::test(start_paused = true)]
async fn every_attempt_sends_the_same_body_url_and_token() {
    let case = Case::new();
    let script = Script::new([
        ScriptedResponse::status(500),
        ScriptedResponse::status(429),
        ScriptedResponse::status(201),
    ]);
    assert!(append(&script, &case.session, &case.entry, &case.host).await);
    for request in script.requests() {
        assert_eq!(&request.body[..], br#"{"uuid":"own"}"#);
        assert_eq!(request.url.as_str(), "http://a.test/log?x=1");
        assert_eq!(request.headers.to_map()["authorization"], "Bearer t");
        assert_eq!(request.headers.to_map()["content-type"], "application/json");
    }
}

#[tokio::test(start_paused = true)]
async fn a_409_that_names_the_entry_itself_means_that_it_was_stored_before() {
    let outcome = Case::new().run([ScriptedResponse::conflict("own")]).await;
    assert!(outcome.appended);
    assert_eq!(outcome.head, Some(uuid("own")));
    assert_eq!(outcome.reports, [RECOVERED]);
}

#[tokio::test(start_paused = true)]
async fn a_409_that_names_the_entry_in_another_letter_case_means_that_it_was_stored_before() {
    let mut case = Case::new();
    case.entry.uuid = uuid("0b8e8ac2-92f2-4e6c-9d0e-5d3b1f9f6c11");
    let outcome = case.run([ScriptedResponse::conflict("0B8E8AC2-92F2-4E6C-9D0E-5D3B1F9F6C11")]).await;
    assert!(outcome.appended);
    assert_eq!(outcome.reports, [RECOVERED]);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_a_409_names_is_adopted_and_the_entry_sent_again_at_once() {
    let outcome = Case::new().run([ScriptedResponse::conflict("Other"), ScriptedResponse::status(201)]).await;
    assert!(outcome.appended);
    assert_eq!(outcome.requests, ["PUT head", "PUT Other"]);
    assert_eq!(outcome.waits, [0]);
    assert_eq!(outcome.head, Some(uuid("own")));
    assert_eq!(outcome.reports, [ADOPT]);
}

#[tokio::test(start_paused = true)]
async fn conflicts_count_towards_the_ten_attempts() {
    let outcome =
        Case::new().run((1..=10).map(|number| ScriptedResponse::conflict(&format!("w{number}")))).await;
    assert!(!outcome.appended);
    assert_eq!(outcome.requests.len(), 10);
    assert_eq!(outcome.waits, [0; 9]);
    assert_eq!(outcome.head, Some(uuid("w10")));
    assert_eq!(outcome.reports, [ADOPT; 10]);
}

#[tokio::test(start_paused = true)]
async fn a_409_without_a_head_adopts_the_last_uuid_of_the_log() {
    for conflict in [ScriptedResponse::status(409), ScriptedResponse::conflict("")] {
        let body = r#"{"loglines":[{"uuid":"a"},{"uuid":"b"},{"type":"summary"},{"uuid":7},3]}"#;
        let outcome =
            Case::new().run([conflict, ScriptedResponse::ok(body), ScriptedResponse::status(200)]).await;
        assert!(outcome.appended);
        assert_eq!(outcome.requests, ["PUT head", "GET", "PUT b"]);
        assert_eq!(outcome.waits, [0, 0]);
        assert_eq!(outcome.reports, [ADOPT]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_409_without_a_head_looks_for_the_entry_itself_first() {
    let outcome =
        Case::new().run([ScriptedResponse::status(409), ScriptedResponse::log(&["a", "own", "b"])]).await;
    assert!(outcome.appended);
    assert_eq!(outcome.head, Some(uuid("b")));
    assert_eq!(outcome.reports, [RECOVERED]);
}

#[tokio::test(start_paused = true)]
async fn a_409_without_a_head_and_no_head_in_the_log_fails() {
    let get = |event: &str| format!("session_get_{event}");
    for (response, reports_of_the_read) in [
        (ScriptedResponse::log(&[]), vec![]),
        (ScriptedResponse::ok(r#"{"loglines":[{"type":"summary"}]}"#), vec![]),
        (ScriptedResponse::status(404), vec![get("no_logs_for_session")]),
        (ScriptedResponse::status(403), vec![get("fail_status status=403")]),
        (ScriptedResponse::status(401), vec![get("fail_bad_token"), "logError".into(), get("fail_status")]),
        (ScriptedResponse::status(500), vec!["logError".into(), get("fail_status status=500")]),
        (ScriptedResponse::connection_reset(), vec!["logError".into(), get("fail_status")]),
        (
            ScriptedResponse::ok(r#"{"loglines":["#).truncated(),
            vec!["logError".into(), get("fail_status status=200")],
        ),
        (ScriptedResponse::ok(r#"{"loglines":1}"#), vec!["logError".into(), get("fail_invalid_response")]),
    ] {
        let outcome = Case::new().run([ScriptedResponse::status(409), response]).await;
        assert!(!outcome.appended);
        assert_eq!(outcome.head, Some(uuid("head")));
        let reports = [reports_of_the_read, vec!["logError".into(), CONFLICT.into()]].concat();
        assert_eq!(outcome.reports, reports);
    }
}

#[tokio::test(start_paused = true)]
async fn the_read_after_a_409_has_the_url_and_authorization_of_the_append() {
    let case = Case::new();
    let script = Script::new([ScriptedResponse::status(409), ScriptedResponse::log(&["own"])]);
    append(&script, &case.session, &case.entry, &case.host).await;
    let read = &script.requests()[1];
    assert_eq!((read.method.as_str(), read.url.as_str()), ("GET", "http://a.test/log?x=1"));
    assert_eq!(read.headers.to_map()["authorization"], "Bearer t");
    assert!(read.headers.get("content-type").is_none() && read.headers.get("last-uuid").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_401_with_another_token_gets_one_further_attempt_at_once() {
    let case = Case::new().tokens(&[Some("new")]);
    let script = Script::new([ScriptedResponse::status(401), ScriptedResponse::status(201)]);
    assert!(append(&script, &case.session, &case.entry, &case.host).await);
    assert_eq!(script.waits(), [0]);
    assert_eq!(script.requests()[1].headers.to_map()["authorization"], "Bearer new");
    assert_eq!(case.host.reports(), [BAD_TOKEN]);
}

#[tokio::test(start_paused = true)]
async fn a_401_with_the_same_token_or_none_ends_the_append() {
    for token in [Some("t"), None] {
        let outcome = Case::new().tokens(&[token]).run([ScriptedResponse::status(401)]).await;
        assert!(!outcome.appended);
        assert_eq!(outcome.reports, [BAD_TOKEN]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_401_for_the_new_token_ends_the_append() {
    let mut case = Case::new().tokens(&[Some("new")]);
    let outcome = case.run([ScriptedResponse::status(401), ScriptedResponse::status(401)]).await;
    assert!(!outcome.appended);
    assert_eq!(outcome.reports, [BAD_TOKEN, BAD_TOKEN]);
}

#[tokio::test(start_paused = true)]
async fn all_attempts_after_a_401_have_the_new_token() {
    let case = Case::new().tokens(&[Some("new")]);
    let script = Script::new([
        ScriptedResponse::status(401),
        ScriptedResponse::status(500),
        ScriptedResponse::status(409),
        ScriptedResponse::log(&["own"]),
    ]);
    assert!(append(&script, &case.session, &case.entry, &case.host).await);
    for request in &script.requests()[1..] {
        assert_eq!(request.headers.to_map()["authorization"], "Bearer new");
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_token_that_no_header_can_carry_ends_the_append() {
    let outcome = Case::new().tokens(&[Some("a\nb")]).run([ScriptedResponse::status(401)]).await;
    assert!(!outcome.appended);
}

#[tokio::test(start_paused = true)]
async fn a_401_for_the_last_attempt_does_not_ask_for_another_token() {
    let outcome = Case::new().attempts(1).run([ScriptedResponse::status(401)]).await;
    assert!(!outcome.appended);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_got_any_other_status_is_repeated_after_a_wait() {
    for status in [202, 204, 206, 302, 304, 400, 403, 404, 408, 413, 418, 422, 429, 500, 502, 503, 504, 599] {
        let outcome =
            Case::new().run([ScriptedResponse::status(status), ScriptedResponse::status(201)]).await;
        assert!(outcome.appended, "{status}");
        assert_eq!(outcome.waits, [500]);
        let mut reports = vec![failed(status, 1)];
        if status >= 500 {
            reports.insert(0, "logError".into());
        }
        assert_eq!(outcome.reports, reports);
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_without_a_response_is_repeated_after_a_wait() {
    for response in [
        ScriptedResponse::connection_reset(),
        ScriptedResponse::connection_refused(),
        ScriptedResponse::timed_out(),
    ] {
        let outcome = Case::new().run([response, ScriptedResponse::status(201)]).await;
        assert!(outcome.appended);
        assert_eq!(outcome.waits, [500]);
        assert_eq!(outcome.reports, ["logError", "session_persist_fail_status attempt=1"]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_append_makes_ten_attempts_with_the_waits_of_the_specification() {
    let outcome = Case::new().run((0..10).map(|_| ScriptedResponse::status(400))).await;
    assert!(!outcome.appended);
    assert_eq!(outcome.waits, [500, 1000, 2000, 4000, 8000, 8000, 8000, 8000, 8000]);
    let mut reports: Vec<_> = (1..=10).map(|attempt| failed(400, attempt)).collect();
    reports.push("session_persist_error_retries_exhausted attempt=10".into());
    assert_eq!(outcome.reports, reports);
    assert_eq!(outcome.head, Some(uuid("head")));
}

#[tokio::test(start_paused = true)]
async fn a_wait_depends_on_the_number_of_the_attempt_conflicts_included() {
    let outcome = Case::new()
        .run([
            ScriptedResponse::conflict("a"),
            ScriptedResponse::conflict("b"),
            ScriptedResponse::status(400),
            ScriptedResponse::status(201),
        ])
        .await;
    assert_eq!(outcome.waits, [0, 0, 2000]);
}

#[tokio::test(start_paused = true)]
async fn retry_after_lengthens_a_wait_and_never_shortens_it() {
    for (status, seconds, wait) in
        [(429, "3", 3000), (503, "3", 3000), (429, "0", 500), (503, "100", 30_000), (500, "3", 500)]
    {
        let outcome = Case::new()
            .run([
                ScriptedResponse::status(status).header("retry-after", seconds),
                ScriptedResponse::status(201),
            ])
            .await;
        assert_eq!(outcome.waits, [wait], "{status} {seconds}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_conflict_in_the_last_attempt_is_not_reported_as_exhausted_retries() {
    let outcome = Case::new().attempts(1).run([ScriptedResponse::conflict("other")]).await;
    assert!(!outcome.appended);
    assert_eq!(outcome.reports, [ADOPT]);
}

#[test]
fn an_append_that_cannot_be_sent_is_reported_as_a_failed_first_attempt() {
    let host = Recorder::default();
    report_unsendable(Failure::Unsendable("a URL".into()), &host);
    assert_eq!(host.reports(), ["logError", "session_persist_fail_status attempt=1"]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_cannot_be_sent_is_not_repeated() {
    let outcome = Case::new().run([ScriptedResponse::failure(Failure::Unsendable("a header".into()))]).await;
    assert!(!outcome.appended);
    assert_eq!(outcome.reports, ["logError", "session_persist_fail_status attempt=1"]);
}

#[tokio::test(start_paused = true)]
async fn debug_lines_of_an_append_do_not_contain_the_token() {
    let mut case = Case::new().tokens(&[Some("new-secret")]);
    case.entry.endpoint = Arc::new(LogEndpoint::new("http://a.test/", "secret").unwrap());
    case.run([
        ScriptedResponse::status(500),
        ScriptedResponse::status(401),
        ScriptedResponse::conflict("x"),
        ScriptedResponse::log(&["x"]),
        ScriptedResponse::status(201),
    ])
    .await;
    let lines = case.host.debug_lines();
    assert!(lines.len() > 4);
    assert!(lines.iter().all(|line| !line.contains("secret")), "{lines:?}");
}
