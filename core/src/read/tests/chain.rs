//! Gaps in the chain of a log's entries.

use crate::json::BATCH_BYTES;
use crate::protocol::{LogEndpoint, OAuthEndpoint, Timeouts};
use crate::read::{Events, ReadJob, cancellation, read_session_log, read_teleport_events};
use crate::testing::script::{CollectingSink, Recorder, Script, ScriptedResponse};

fn job(
    responses: impl IntoIterator<Item = ScriptedResponse>,
    host: &Recorder,
) -> (ReadJob<Script, CollectingSink, Recorder>, crate::read::Cancel) {
    let (cancel, cancelled) = cancellation();
    let (transport, sink) = (Script::new(responses), CollectingSink::default());
    (ReadJob { transport, sink, reporter: host.clone(), cancelled, check_chain: true }, cancel)
}

/// What is reported of a log with these entries.
async fn read(body: String) -> Recorder {
    let host = Recorder::default();
    let (job, _cancel) = job([ScriptedResponse::ok(body)], &host);
    let request = LogEndpoint::new("http://a.test/", "t").unwrap().read(false, &Timeouts::default());
    read_session_log(job, request, None).await;
    host
}

fn log(entries: &str) -> String {
    format!(r#"{{"loglines":[{entries}]}}"#)
}

#[tokio::test]
async fn a_chain_without_a_gap_is_not_reported() {
    for entries in [
        "",
        r#"{"uuid":"a","parentUuid":null},{"uuid":"b","parentUuid":"a"}"#,
        r#"{"uuid":"b","parentUuid":"a"},{"uuid":"a"}"#,
        r#"{"uuid":"a"},{"uuid":"b","parentUuid":"a"},{"uuid":"c","parentUuid":"a"}"#,
        r#"{"type":"summary"},null,5,["parentUuid","x"],{"x":{"parentUuid":"x"}},{"uuid":"a","parentUuid":7}"#,
        r#"{"uuid":"a","parentUuid":"a"},{"uuid":"b","parentUuid":"x","parentUuid":"\u0061"}"#,
    ] {
        assert_eq!(read(log(entries)).await.reports(), [""; 0], "{entries}");
    }
}

#[tokio::test]
async fn entries_whose_parent_stands_nowhere_in_the_log_are_counted_and_told() {
    let host =
        read(log(r#"{"uuid":"a"},{"uuid":"c","parentUuid":"b"},{"parentUuid":"c"},{"parentUuid":"d"}"#));
    let host = host.await;
    assert_eq!(host.reports(), ["session_get_chain_gap gaps=2"]);
    let lines = host.debug_lines();
    assert!(lines.contains(&"Entry c: its parent b is not in the log".into()), "{lines:?}");
    assert!(lines.contains(&"Entry without a uuid: its parent d is not in the log".into()), "{lines:?}");
}

#[tokio::test]
async fn twenty_gaps_are_told_one_by_one_and_all_are_counted() {
    let entries: Vec<_> = (0..50).map(|n| format!(r#"{{"uuid":"{n}","parentUuid":"x{n}"}}"#)).collect();
    let host = read(log(&entries.join(","))).await;
    assert_eq!(host.reports(), ["session_get_chain_gap gaps=50"]);
    let told = host.debug_lines().iter().filter(|line| line.contains("its parent")).count();
    assert_eq!(told, 20);
}

#[tokio::test]
async fn a_chain_is_followed_over_the_parts_in_which_a_log_arrives() {
    let text = "x".repeat(BATCH_BYTES);
    let entries = format!(
        r#"{{"uuid":"a","text":"{text}"}},{{"uuid":"b","parentUuid":"a","text":"{text}"}},{{"parentUuid":"b"}}"#
    );
    assert_eq!(read(log(&entries)).await.reports(), [""; 0]);
}

#[tokio::test]
async fn entries_of_an_earlier_list_of_the_same_key_do_not_count() {
    let body = r#"{"loglines":[{"uuid":"a","parentUuid":"x"}],"loglines":[{"uuid":"b","parentUuid":"a"}]}"#;
    assert_eq!(read(body.into()).await.reports(), ["session_get_chain_gap gaps=1"]);
}

#[tokio::test]
async fn a_read_without_a_result_says_nothing_of_the_chain() {
    let reports = read(r#"{"loglines":[{"uuid":"a","parentUuid":"x"}"#.into()).await.reports();
    assert_eq!(reports, ["logError", "session_get_fail_invalid_response"]);
}

#[tokio::test]
async fn the_chain_of_teleport_events_goes_over_their_pages() {
    let page = |payload: &str, cursor: &str| {
        ScriptedResponse::ok(format!(r#"{{"data":[{{"payload":{payload}}}]{cursor}}}"#))
    };
    for (parent, expected) in [("a", None), ("x", Some("session_get_chain_gap gaps=1"))] {
        let host = Recorder::default();
        let pages = [
            page(r#"{"uuid":"a"}"#, r#","next_cursor":"c""#),
            page(&format!(r#"{{"uuid":"b","parentUuid":"{parent}"}}"#), ""),
        ];
        let (job, _cancel) = job(pages, &host);
        let endpoint = OAuthEndpoint::new("http://a.test".into(), vec![], "org").unwrap();
        let pages = endpoint.read_teleport_events("s", &Timeouts::default()).unwrap();
        assert_eq!(read_teleport_events(job, pages).await, Events::Read);
        assert_eq!(host.reports(), Vec::from_iter(expected));
    }
}
