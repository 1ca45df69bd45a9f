//! specification.md, section 4, row by row, against a scripted server.

use crate::http;
use crate::json::BATCH_BYTES;
use crate::protocol::EntryUuid;
use crate::protocol::{LogEndpoint, Timeouts};
use crate::read::session_log::{Log, read_log};
use crate::testing::script::{CollectingSink, Recorder, Script, ScriptedResponse};

struct Read {
    log: Option<Log>,
    entries: Vec<String>,
    reports: Vec<String>,
}

async fn read(response: ScriptedResponse) -> Read {
    let (script, host, mut sink) = (Script::new([response]), Recorder::default(), CollectingSink::default());
    let request = LogEndpoint::new("http://a.test/log", "t").unwrap().read(false, &Timeouts::default());
    let log = read_log(&script, request, &mut sink, &host).await;
    Read { log, entries: sink.0, reports: host.reports() }
}

fn log(uuid: &str, entries: usize) -> Option<Log> {
    Some(Log { entries, last_uuid: EntryUuid::new(uuid) })
}

#[tokio::test]
async fn a_200_with_loglines_gives_their_entries() {
    let read = read(ScriptedResponse::ok(r#"{"loglines":[{"uuid":"a"},2,{"uuid":"b"}]}"#)).await;
    assert_eq!(read.entries, [r#"{"uuid":"a"}"#, "2", r#"{"uuid":"b"}"#]);
    assert_eq!(read.log, log("b", 3));
    assert!(read.reports.is_empty());
}

#[tokio::test]
async fn the_last_uuid_of_a_log_is_that_of_its_last_entry_or_none() {
    for (loglines, uuid) in [
        (r#"{"uuid":"a"},{"uuid":"b"}"#, "b"),
        (r#"{"uuid":"a"},{"uuid":"x","uuid":"y"}"#, "y"),
        (r#"{"uuid":"a"},{"\u0075uid":"\u0062"}"#, "b"),
        (r#"{"uuid":"a"},{"type":"summary"}"#, ""),
        (r#"{"uuid":"a"},{"uuid":""}"#, ""),
        (r#"{"uuid":"a"},{"uuid":null}"#, ""),
        (r#"{"uuid":"a"},{"uuid":5}"#, ""),
        (r#"{"uuid":"a"},null"#, ""),
        (r#"{"uuid":"a"},[]"#, ""),
        ("", ""),
    ] {
        let read = read(ScriptedResponse::ok(format!(r#"{{"loglines":[{loglines}]}}"#))).await;
        assert_eq!(read.log.unwrap().last_uuid, EntryUuid::new(uuid), "{loglines}");
    }
}

#[tokio::test]
async fn the_last_uuid_of_a_log_is_never_that_of_an_earlier_batch() {
    let long = format!(r#"{{"uuid":"a","text":"{}"}}"#, "x".repeat(BATCH_BYTES));
    let read_after =
        |last: &str| read(ScriptedResponse::ok(format!(r#"{{"loglines":[{long},{long}{last}]}}"#)));
    assert_eq!(read_after("").await.log.unwrap().last_uuid, EntryUuid::new("a"));
    assert_eq!(read_after(r#",{"type":"summary"}"#).await.log.unwrap().last_uuid, None);
}

#[tokio::test]
async fn the_last_uuid_of_a_log_is_never_that_of_an_array_that_a_later_one_replaces() {
    let read = read(ScriptedResponse::ok(r#"{"loglines":[{"uuid":"a"}],"loglines":[]}"#)).await;
    assert_eq!(read.log, Some(Log::default()));
}

#[tokio::test]
async fn a_200_of_another_shape_gives_an_error_and_no_log() {
    for body in
        ["", "null", "[]", "{}", r#"{"loglines":null}"#, r#"{"loglines":[}"#, r#"{"loglines":[{]}]}"#, "<p>"]
    {
        let read = read(ScriptedResponse::ok(body)).await;
        assert_eq!(read.log, None, "{body}");
        assert_eq!(read.reports, ["logError", "session_get_fail_invalid_response"], "{body}");
    }
}

#[tokio::test]
async fn a_200_whose_body_breaks_off_gives_no_log_and_a_diagnostic_with_its_status() {
    for body in [r#"{"loglines":[{"uuid":"a"}"#, "", "<html>"] {
        let read = read(ScriptedResponse::ok(body).truncated()).await;
        assert_eq!(read.log, None);
        assert_eq!(read.reports, ["logError", "session_get_fail_status status=200"]);
    }
}

#[tokio::test]
async fn a_200_beyond_the_limit_gives_an_error_and_no_log() {
    for body in [r#"{"loglines":[{"uuid":"a"}"#, "", "<html>"] {
        let read = read(ScriptedResponse::ok(body).then_fail(http::Error::TooLarge(7))).await;
        assert_eq!(read.log, None);
        assert_eq!(read.reports, ["logError", "session_get_fail_invalid_response"]);
    }
}

#[tokio::test]
async fn a_404_whose_body_is_beyond_the_limit_still_counts() {
    let read = read(ScriptedResponse::status(404).then_fail(http::Error::TooLarge(7))).await;
    assert_eq!(read.log, log("", 0));
}

#[tokio::test]
async fn a_404_gives_an_empty_log() {
    let read = read(ScriptedResponse::status(404)).await;
    assert_eq!(read.log, log("", 0));
    assert_eq!(read.reports, ["session_get_no_logs_for_session"]);
}

#[tokio::test]
async fn a_401_gives_no_log_and_an_error() {
    let read = read(ScriptedResponse::status(401)).await;
    assert_eq!(read.log, None);
    assert_eq!(read.reports, ["session_get_fail_bad_token", "logError", "session_get_fail_status"]);
}

#[tokio::test]
async fn any_other_status_gives_no_log() {
    for status in [201, 204, 302, 304, 400, 403, 409, 418, 429] {
        let read = read(ScriptedResponse::status(status)).await;
        assert_eq!(read.log, None);
        assert_eq!(read.reports, [format!("session_get_fail_status status={status}")]);
    }
    for status in [500, 502, 503, 599] {
        let read = read(ScriptedResponse::status(status)).await;
        assert_eq!(read.log, None);
        assert_eq!(read.reports, ["logError".into(), format!("session_get_fail_status status={status}")]);
    }
}

#[tokio::test]
async fn a_read_of_a_log_without_a_response_gives_no_log_and_an_error() {
    for failure in [
        ScriptedResponse::connection_reset(),
        ScriptedResponse::connection_refused(),
        ScriptedResponse::timed_out(),
        ScriptedResponse::failure(http::Error::Redirect("a loop".into())),
    ] {
        let read = read(failure).await;
        assert_eq!(read.log, None);
        assert_eq!(read.reports, ["logError", "session_get_fail_status"]);
    }
}

#[tokio::test]
async fn a_log_response_of_any_status_whose_body_breaks_off_counts_as_no_response() {
    for status in [404, 401, 400, 500] {
        let read = read(ScriptedResponse::status(status).truncated()).await;
        assert_eq!(read.log, None);
        assert_eq!(read.reports, ["logError".into(), format!("session_get_fail_status status={status}")]);
    }
}
