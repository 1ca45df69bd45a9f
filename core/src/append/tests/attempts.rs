//! specification.md, section 3, row by row but for conflicts, against a scripted server and a paused clock.

use std::sync::Arc;

use crate::append::tests::case::{Case, EXHAUSTED, RECOVERED, failed, url, uuid};
use crate::append::{Random, append, report_unsendable};
use crate::http;
use crate::protocol::LogEndpoint;
use crate::session::Session;
use crate::testing::script::{Recorder, Script, ScriptedResponse};

const BAD_TOKEN: &str = "session_persist_fail_bad_token";

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
async fn uuids_that_differ_in_letter_case_only_are_the_same() {
    let mut case = Case::new();
    case.entry.uuid = uuid("0b8e8ac2-92f2-4e6c-9d0e-5d3b1f9f6c11");
    let outcome = case.run([ScriptedResponse::conflict("0B8E8AC2-92F2-4E6C-9D0E-5D3B1F9F6C11")]).await;
    assert!(outcome.appended);
    assert_eq!(outcome.reports, [RECOVERED]);
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
async fn entries_behind_an_expired_token_ask_for_another_one_once() {
    let mut case = Case::new().tokens(&[Some("new")]);
    for _ in 0..50 {
        let outcome = case.run([ScriptedResponse::status(401), ScriptedResponse::status(201)]).await;
        assert!(outcome.appended);
        assert_eq!(outcome.reports, [BAD_TOKEN]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_renewed_token_counts_as_an_attempt() {
    let mut case = Case::new().attempts(2).tokens(&[Some("new")]);
    let outcome = case.run([ScriptedResponse::status(401), ScriptedResponse::status(400)]).await;
    assert!(!outcome.appended);
    assert_eq!(outcome.reports[1..], ["logError".into(), failed(400, 2), format!("{EXHAUSTED} attempt=2")]);
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
    let mut told: Vec<_> = (1..=10).map(|attempt| failed(400, attempt)).collect();
    told.insert(9, "logError".into());
    told.push(format!("{EXHAUSTED} attempt=10"));
    assert_eq!(outcome.reports, told);
    assert_eq!(outcome.head, Some(uuid("head")));
}

#[tokio::test(start_paused = true)]
async fn clients_that_failed_in_the_same_moment_do_not_come_back_in_the_same_moment() {
    for (random, wait) in [((|| 0.0) as Random, 375), (|| 0.5, 500), (|| 1.0, 625)] {
        let mut case = Case::new();
        case.entry.random = random;
        let outcome = case.run([400, 201].map(ScriptedResponse::status)).await;
        assert_eq!(outcome.waits, [wait]);
    }
}

#[tokio::test(start_paused = true)]
async fn retry_after_lengthens_a_wait_and_never_shortens_it() {
    for (status, seconds, wait) in
        [(429, "3", 3125), (503, "3", 3125), (429, "0", 500), (503, "100", 30_000), (500, "3", 500)]
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

const TOO_LARGE: &str = r#"{"error":{"type":"too_large","message":"1 MB or less"}}"#;

#[tokio::test(start_paused = true)]
async fn used_up_attempts_are_told_once_with_the_status_and_what_the_server_said() {
    for (status, attempts, body, message) in [
        (413, 3, TOO_LARGE, "the server answered 413 to the last of 3 attempts: 1 MB or less"),
        (403, 1, "<html>", "the server answered 403 to the last of 1 attempts"),
        (204, 2, "", "the server answered 204 to the last of 2 attempts"),
    ] {
        let mut case = Case::new().attempts(attempts);
        let responses = (0..attempts).map(|_| ScriptedResponse::ok(body).with_status(status));
        assert!(!case.run(responses).await.appended);
        assert_eq!(case.host.errors(), [format!("Error appending a session entry: {message}")]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_of_the_attempts_that_end_in_5xx_is_told_once_too() {
    let mut case = Case::new().attempts(2);
    assert!(!case.run([500, 503].map(ScriptedResponse::status)).await.appended);
    let errors = ["the server answered 500", "the server answered 503 to the last of 2 attempts"];
    assert_eq!(case.host.errors(), errors.map(|error| format!("Error appending a session entry: {error}")));
}

#[tokio::test(start_paused = true)]
async fn what_the_server_said_is_not_told_where_it_holds_a_token_of_the_append() {
    for said in ["a secret-1", "secret-2"] {
        let mut case = Case::new().attempts(2).tokens(&[Some("secret-2")]);
        case.entry.endpoint = Arc::new(LogEndpoint::new("http://a.test/", "secret-1").unwrap());
        let body = format!(r#"{{"error":{{"message":"{said}"}}}}"#);
        let responses = [ScriptedResponse::status(401), ScriptedResponse::ok(body).with_status(403)];
        assert!(!case.run(responses).await.appended);
        let error = "Error appending a session entry: the server answered 403 to the last of 2 attempts";
        assert_eq!(case.host.errors(), [error]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_status_to_give_up_on_ends_the_append_at_once() {
    let mut case = Case::new();
    case.entry.retry.give_up_on.insert(413);
    let responses = [ScriptedResponse::status(400), ScriptedResponse::ok(TOO_LARGE).with_status(413)];
    let outcome = case.run(responses).await;
    assert!(!outcome.appended);
    let exhausted = format!("{EXHAUSTED} attempt=2");
    assert_eq!(outcome.reports, [failed(400, 1), "logError".into(), failed(413, 2), exhausted]);
    let error = "Error appending a session entry: the server answered 413 (retry.giveUpOn): 1 MB or less";
    assert_eq!(case.host.errors(), [error]);
}

#[tokio::test(start_paused = true)]
async fn success_conflicts_and_refused_tokens_keep_their_rules_whatever_is_given_up_on() {
    let mut case = Case::new().tokens(&[Some("new")]);
    [200, 201, 401, 409].into_iter().for_each(|status| case.entry.retry.give_up_on.insert(status));
    for success in [200, 201] {
        let responses = [ScriptedResponse::conflict("a"), ScriptedResponse::status(success)];
        assert!(case.run(responses).await.appended);
    }
    assert!(case.run([401, 200].map(ScriptedResponse::status)).await.appended);
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_may_be_stored_when_it_is_given_up_on_is_in_doubt() {
    let mut case = Case::new();
    case.entry.retry.give_up_on.insert(503);
    assert!(!case.run([ScriptedResponse::status(503)]).await.appended);
    case.session.set_head(&url(), uuid("own"));
    assert_eq!(case.run([ScriptedResponse::conflict("own")]).await.requests, ["PUT head"]);
}

#[test]
fn an_append_that_cannot_be_sent_is_reported_as_a_failed_first_attempt() {
    let host = Recorder::default();
    let session = Session::default();
    report_unsendable(http::Error::Unsendable("a URL".into()), (&session, &uuid("own")), &host);
    assert_eq!(host.reports(), ["logError", "session_persist_fail_status attempt=1"]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_cannot_be_sent_is_not_repeated() {
    let outcome =
        Case::new().run([ScriptedResponse::failure(http::Error::Unsendable("a header".into()))]).await;
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
