//! specification.md, section 4, row by row, against a scripted server.

use crate::http::Failure;
use crate::json::BATCH_BYTES;
use crate::protocol::EntryUuid;
use crate::protocol::{LogEndpoint, Timeouts};
use crate::read::{Log, read_log};
use crate::testing::script::{Kept, Recorder, Script, ScriptedResponse};

struct Read {
    log: Option<Log>,
    entries: Vec<String>,
    told: Vec<String>,
}

async fn read(answer: ScriptedResponse) -> Read {
    let (script, host, mut kept) = (Script::new([answer]), Recorder::default(), Kept::default());
    let request = LogEndpoint::new("http://a.test/log", "t").unwrap().read(false, &Timeouts::default());
    let log = read_log(&script, request, &mut kept, &host).await;
    Read { log, entries: kept.0, told: host.told() }
}

fn last(uuid: &str, entries: usize) -> Option<Log> {
    Some(Log { entries, last_uuid: EntryUuid::new(uuid) })
}

#[tokio::test]
async fn a_200_with_loglines_is_the_log() {
    let read = read(ScriptedResponse::ok(r#"{"loglines":[{"uuid":"a"},2,{"uuid":"b"}]}"#)).await;
    assert_eq!(read.entries, [r#"{"uuid":"a"}"#, "2", r#"{"uuid":"b"}"#]);
    assert_eq!(read.log, last("b", 3));
    assert!(read.told.is_empty());
}

#[tokio::test]
async fn the_head_is_the_uuid_of_the_last_entry_or_none() {
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
async fn an_entry_of_an_earlier_slice_is_not_the_last_one() {
    let long = format!(r#"{{"uuid":"a","text":"{}"}}"#, "x".repeat(BATCH_BYTES));
    let read_after =
        |last: &str| read(ScriptedResponse::ok(format!(r#"{{"loglines":[{long},{long}{last}]}}"#)));
    assert_eq!(read_after("").await.log.unwrap().last_uuid, EntryUuid::new("a"));
    assert_eq!(read_after(r#",{"type":"summary"}"#).await.log.unwrap().last_uuid, None);
}

#[tokio::test]
async fn an_entry_of_a_list_that_a_later_one_replaces_is_not_the_last_one() {
    let read = read(ScriptedResponse::ok(r#"{"loglines":[{"uuid":"a"}],"loglines":[]}"#)).await;
    assert_eq!(read.log, Some(Log::default()));
}

#[tokio::test]
async fn a_200_of_another_shape_is_an_error_and_no_log() {
    for body in
        ["", "null", "[]", "{}", r#"{"loglines":null}"#, r#"{"loglines":[}"#, r#"{"loglines":[{]}]}"#, "<p>"]
    {
        let read = read(ScriptedResponse::ok(body)).await;
        assert_eq!(read.log, None, "{body}");
        assert_eq!(read.told, ["logError", "session_get_fail_invalid_response"], "{body}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_answer_and_keeps_the_status() {
    for body in [r#"{"loglines":[{"uuid":"a"}"#, "", "<html>"] {
        let read = read(ScriptedResponse::ok(body).cut()).await;
        assert_eq!(read.log, None);
        assert_eq!(read.told, ["logError", "session_get_fail_status status=200"]);
    }
}

#[tokio::test]
async fn a_200_beyond_the_limit_is_an_error_and_no_log() {
    for body in [r#"{"loglines":[{"uuid":"a"}"#, "", "<html>"] {
        let read = read(ScriptedResponse::ok(body).then(Failure::TooLarge(7))).await;
        assert_eq!(read.log, None);
        assert_eq!(read.told, ["logError", "session_get_fail_invalid_response"]);
    }
}

#[tokio::test]
async fn of_another_status_the_body_may_be_beyond_the_limit() {
    let read = read(ScriptedResponse::status(404).then(Failure::TooLarge(7))).await;
    assert_eq!(read.log, last("", 0));
}

#[tokio::test]
async fn a_404_is_an_empty_log() {
    let read = read(ScriptedResponse::status(404)).await;
    assert_eq!(read.log, last("", 0));
    assert_eq!(read.told, ["session_get_no_logs_for_session"]);
}

#[tokio::test]
async fn a_401_is_no_log() {
    let read = read(ScriptedResponse::status(401)).await;
    assert_eq!(read.log, None);
    assert_eq!(read.told, ["session_get_fail_bad_token", "logError", "session_get_fail_status"]);
}

#[tokio::test]
async fn any_other_status_is_no_log() {
    for status in [201, 204, 302, 304, 400, 403, 409, 418, 429] {
        let read = read(ScriptedResponse::status(status)).await;
        assert_eq!(read.log, None);
        assert_eq!(read.told, [format!("session_get_fail_status status={status}")]);
    }
    for status in [500, 502, 503, 599] {
        let read = read(ScriptedResponse::status(status)).await;
        assert_eq!(read.log, None);
        assert_eq!(read.told, ["logError".into(), format!("session_get_fail_status status={status}")]);
    }
}

#[tokio::test]
async fn no_answer_is_no_log() {
    for failure in [
        ScriptedResponse::broken(),
        ScriptedResponse::not_connected(),
        ScriptedResponse::timed_out(),
        ScriptedResponse::failure(Failure::Redirect("a loop".into())),
    ] {
        let read = read(failure).await;
        assert_eq!(read.log, None);
        assert_eq!(read.told, ["logError", "session_get_fail_status"]);
    }
}

#[tokio::test]
async fn an_answer_of_any_status_whose_body_breaks_off_is_no_answer() {
    for status in [404, 401, 400, 500] {
        let read = read(ScriptedResponse::status(status).cut()).await;
        assert_eq!(read.log, None);
        assert_eq!(read.told, ["logError".into(), format!("session_get_fail_status status={status}")]);
    }
}
