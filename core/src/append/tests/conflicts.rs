//! Conflicts: adopted or looked into, with a budget and waits of their own.

use crate::append::append;
use crate::append::tests::case::{ADOPT, Case, EXHAUSTED, RECOVERED, failed, url, uuid};
use crate::session::Session;
use crate::testing::script::{Script, ScriptedResponse};

const CONFLICT: &str = "session_persist_fail_concurrent_modification";

fn conflicts(count: usize) -> Vec<ScriptedResponse> {
    (1..=count).map(|number| ScriptedResponse::conflict(&format!("w{number}"))).collect()
}

#[tokio::test(start_paused = true)]
async fn a_409_that_names_another_entry_is_adopted_and_tried_again_at_once() {
    let outcome = Case::new().run([ScriptedResponse::conflict("Other"), ScriptedResponse::status(201)]).await;
    assert!(outcome.appended);
    assert_eq!(outcome.requests, ["PUT head", "PUT Other"]);
    assert_eq!(outcome.waits, [0]);
    assert_eq!(outcome.head, Some(uuid("own")));
    assert_eq!(outcome.reports, [ADOPT]);
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
async fn a_conflict_read_has_the_url_and_authorization_of_the_append() {
    let case = Case::new();
    let script = Script::new([ScriptedResponse::status(409), ScriptedResponse::log(&["own"])]);
    append(&script, &case.session, &case.entry, &case.host).await;
    let read = &script.requests()[1];
    assert_eq!((read.method.as_str(), read.url.as_str()), ("GET", "http://a.test/log?x=1"));
    assert_eq!(read.headers.to_map()["authorization"], "Bearer t");
    assert!(read.headers.get("content-type").is_none() && read.headers.get("last-uuid").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_409_that_names_the_entry_itself_means_that_it_was_stored_before() {
    let outcome = Case::new().run([ScriptedResponse::conflict("own")]).await;
    assert!(outcome.appended);
    assert_eq!(outcome.head, Some(uuid("own")));
    assert_eq!(outcome.reports, [RECOVERED]);
}

#[tokio::test(start_paused = true)]
async fn conflicts_do_not_count_towards_the_attempts() {
    for attempts in [1, 10] {
        let mut responses = conflicts(20);
        responses.push(ScriptedResponse::status(201));
        let outcome = Case::new().attempts(attempts).run(responses).await;
        assert!(outcome.appended);
        assert_eq!(outcome.reports, [ADOPT; 20]);
    }
}

#[tokio::test(start_paused = true)]
async fn from_the_third_conflict_in_a_row_on_they_wait_before_they_are_dealt_with() {
    let mut responses = conflicts(9);
    responses.push(ScriptedResponse::status(201));
    let outcome = Case::new().run(responses).await;
    assert_eq!(outcome.waits, [0, 0, 10, 20, 40, 80, 160, 320, 500]);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_a_conflict_needs_is_read_after_the_wait() {
    let mut responses = conflicts(2);
    responses.extend([409, 409].map(ScriptedResponse::status));
    responses.insert(3, ScriptedResponse::log(&["a"]));
    responses.extend([ScriptedResponse::log(&["b"]), ScriptedResponse::status(201)]);
    let outcome = Case::new().run(responses).await;
    assert_eq!(outcome.requests, ["PUT head", "PUT w1", "PUT w2", "GET", "PUT a", "GET", "PUT b"]);
    assert_eq!(outcome.waits, [0, 0, 10, 0, 20, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_conflict_that_names_the_entry_itself_never_waits() {
    let mut responses = conflicts(5);
    responses.push(ScriptedResponse::conflict("own"));
    let (case, script) = (Case::new(), Script::new(responses));
    let begun = tokio::time::Instant::now();
    assert!(append(&script, &case.session, &case.entry, &case.host).await);
    assert_eq!(begun.elapsed().as_millis(), script.waits().iter().sum());
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_no_conflict_begins_the_row_anew() {
    let mut responses = conflicts(2);
    responses.push(ScriptedResponse::status(400));
    responses.extend(conflicts(3));
    responses.push(ScriptedResponse::status(201));
    let outcome = Case::new().run(responses).await;
    assert_eq!(outcome.waits, [0, 0, 500, 0, 0, 10]);
}

#[tokio::test(start_paused = true)]
async fn the_wait_after_a_failed_attempt_goes_by_the_number_of_failed_ones() {
    let responses = conflicts(2).into_iter().chain([400, 400, 201].map(ScriptedResponse::status));
    let outcome = Case::new().run(responses).await;
    assert_eq!(outcome.waits, [0, 0, 500, 1000]);
    assert_eq!(outcome.reports, [ADOPT.into(), ADOPT.into(), failed(400, 1), failed(400, 2)]);
}

#[tokio::test(start_paused = true)]
async fn after_50_conflicts_an_append_has_failed_and_says_so() {
    let outcome = Case::new().run(conflicts(50)).await;
    assert!(!outcome.appended);
    assert_eq!(outcome.requests.len(), 50);
    assert_eq!(outcome.head, Some(uuid("w50")), "the next entry continues from the head as it is known");
    assert_eq!(outcome.reports[..50], [ADOPT; 50]);
    assert_eq!(outcome.reports[50..], ["logError".to_owned(), format!("{EXHAUSTED} attempt=50")]);
}

#[tokio::test(start_paused = true)]
async fn the_diagnostic_of_used_up_conflicts_counts_the_puts() {
    let mut case = Case::new();
    case.entry.retry.max_conflicts = 3;
    let mut responses = conflicts(3);
    responses.insert(1, ScriptedResponse::status(400));
    let outcome = case.run(responses).await;
    assert!(!outcome.appended);
    assert_eq!(outcome.reports.last().unwrap(), &format!("{EXHAUSTED} attempt=4"));
}

#[tokio::test(start_paused = true)]
async fn the_last_conflict_is_still_looked_into_where_the_entry_may_be_stored() {
    let mut case = Case::new();
    case.entry.retry.max_conflicts = 1;
    let responses = [
        ScriptedResponse::connection_reset(),
        ScriptedResponse::conflict("w"),
        ScriptedResponse::log(&["own", "w"]),
    ];
    assert!(case.run(responses).await.appended);

    let responses = [
        ScriptedResponse::connection_reset(),
        ScriptedResponse::conflict("w"),
        ScriptedResponse::log(&["head"]),
    ];
    let outcome = case.run(responses).await;
    assert!(!outcome.appended);
    assert_eq!(outcome.reports[2..], ["logError".to_owned(), format!("{EXHAUSTED} attempt=2")]);
}

#[tokio::test(start_paused = true)]
async fn with_max_conflicts_0_a_conflict_counts_as_an_attempt_and_does_not_wait() {
    let mut case = Case::new();
    case.entry.retry.max_conflicts = 0;
    let outcome = case.run(conflicts(10)).await;
    assert!(!outcome.appended);
    assert_eq!(outcome.waits, [0; 9]);
    assert_eq!(outcome.head, Some(uuid("w10")));
    assert_eq!(outcome.reports, [ADOPT; 10], "a conflict in the last attempt is no exhaustion");

    let responses = conflicts(2).into_iter().chain([400, 201].map(ScriptedResponse::status));
    let outcome = case.run(responses).await;
    assert_eq!(outcome.waits, [0, 0, 2000]);
    assert_eq!(outcome.reports[2], failed(400, 3));
}

#[tokio::test(start_paused = true)]
async fn a_conflict_whose_read_fails_is_a_failed_attempt_and_the_next_one_begins_with_the_put() {
    for read in [
        ScriptedResponse::status(500),
        ScriptedResponse::status(403),
        ScriptedResponse::connection_reset(),
        ScriptedResponse::ok(r#"{"loglines":["#).truncated(),
        ScriptedResponse::ok(r#"{"loglines":1}"#),
    ] {
        let responses = [ScriptedResponse::status(409), read, ScriptedResponse::status(201)];
        let outcome = Case::new().run(responses).await;
        assert!(outcome.appended);
        assert_eq!(outcome.requests, ["PUT head", "GET", "PUT head"]);
        assert_eq!(outcome.waits, [0, 500]);
        assert!(!outcome.reports.contains(&CONFLICT.to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn conflicts_whose_reads_fail_use_up_the_attempts() {
    let responses = (0..2).flat_map(|_| [409, 403].map(ScriptedResponse::status));
    let outcome = Case::new().attempts(2).run(responses).await;
    assert!(!outcome.appended);
    let get = "session_get_fail_status status=403".to_owned();
    assert_eq!(outcome.reports, [get.clone(), get, "logError".into(), format!("{EXHAUSTED} attempt=2")]);
}

#[tokio::test(start_paused = true)]
async fn a_conflict_whose_read_fails_counts_towards_the_conflicts_too() {
    let mut case = Case::new();
    case.entry.retry.max_conflicts = 2;
    let responses = (0..2).flat_map(|_| [409, 403].map(ScriptedResponse::status));
    let outcome = case.run(responses).await;
    assert_eq!(outcome.reports.last().unwrap(), &format!("{EXHAUSTED} attempt=2"));
}

#[tokio::test(start_paused = true)]
async fn a_log_without_a_head_to_adopt_ends_the_append() {
    let log = r#"{"loglines":[{"type":"summary"}]}"#;
    let outcome = Case::new().run([ScriptedResponse::status(409), ScriptedResponse::ok(log)]).await;
    assert!(!outcome.appended);
    assert_eq!(outcome.head, Some(uuid("head")));
    assert_eq!(outcome.reports, ["logError", CONFLICT]);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_is_gone_is_begun_anew_by_one_put_without_a_head() {
    for gone in [ScriptedResponse::log(&[]), ScriptedResponse::status(404)] {
        let responses = [ScriptedResponse::status(409), gone, ScriptedResponse::status(201)];
        let outcome = Case::new().run(responses).await;
        assert!(outcome.appended);
        assert_eq!(outcome.requests, ["PUT head", "GET", "PUT"]);
        assert_eq!(outcome.waits, [0, 0]);
        assert_eq!(outcome.head, Some(uuid("own")));
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_that_is_gone_and_conflicts_a_second_time_ends_the_append() {
    let response = || [ScriptedResponse::status(409), ScriptedResponse::log(&[])];
    let outcome = Case::new().run(response().into_iter().chain(response())).await;
    assert!(!outcome.appended);
    assert_eq!(outcome.requests, ["PUT head", "GET", "PUT", "GET"]);
    assert_eq!(outcome.reports, ["logError", CONFLICT]);
    assert_eq!(outcome.head, None);
}

#[tokio::test(start_paused = true)]
async fn an_empty_log_that_conflicts_with_no_head_ends_the_append() {
    let mut case = Case { session: Session::default(), ..Case::new() };
    let outcome = case.run([ScriptedResponse::status(409), ScriptedResponse::log(&[])]).await;
    assert!(!outcome.appended);
    assert_eq!(outcome.reports, ["logError", CONFLICT]);
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_may_be_stored_is_sent_without_a_head_where_the_log_is_gone() {
    let responses = [
        ScriptedResponse::connection_reset(),
        ScriptedResponse::status(409),
        ScriptedResponse::log(&[]),
        ScriptedResponse::status(201),
    ];
    let outcome = Case::new().run(responses).await;
    assert!(outcome.appended);
    assert_eq!(outcome.requests, ["PUT head", "PUT head", "GET", "PUT"]);
}

#[tokio::test(start_paused = true)]
async fn an_empty_log_is_not_believed_against_a_conflict_that_named_a_head() {
    let responses = [
        ScriptedResponse::connection_reset(),
        ScriptedResponse::conflict("Other"),
        ScriptedResponse::log(&[]),
        ScriptedResponse::log(&["own", "Other"]),
    ];
    let outcome = Case::new().run(responses).await;
    assert_eq!(outcome.requests, ["PUT head", "PUT head", "GET", "GET"]);
    assert!(outcome.appended);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_moves_to_another_url_begins_there_without_a_head() {
    let mut case = Case::new();
    case.move_to("http://b.test/log");
    assert_eq!(case.run([ScriptedResponse::status(201)]).await.requests, ["PUT"]);
    assert_eq!(case.session.head(&url()), Some(uuid("head")));
    assert_eq!(case.session.last_used_head(), Some(uuid("own")));
    case.move_to(url().as_str());
    assert_eq!(case.run([ScriptedResponse::status(201)]).await.requests, ["PUT head"]);
}

fn verifying() -> Case {
    let mut case = Case::new();
    case.entry.retry.verify_conflicts = true;
    case
}

#[tokio::test(start_paused = true)]
async fn with_verify_conflicts_a_conflict_is_looked_into_though_nothing_was_ambiguous() {
    // A proxy sent the PUT twice, and another writer was between the two.
    let responses = [ScriptedResponse::conflict("Other"), ScriptedResponse::log(&["head", "own", "Other"])];
    let outcome = verifying().run(responses).await;
    assert!(outcome.appended);
    assert_eq!(outcome.requests, ["PUT head", "GET"]);
    assert_eq!(outcome.head, Some(uuid("Other")));
    assert_eq!(outcome.reports, [RECOVERED]);

    let responses = [
        ScriptedResponse::conflict("Other"),
        ScriptedResponse::log(&["head", "Other"]),
        ScriptedResponse::status(201),
    ];
    assert_eq!(verifying().run(responses).await.requests, ["PUT head", "GET", "PUT Other"]);
}

#[tokio::test(start_paused = true)]
async fn with_verify_conflicts_an_entry_is_in_doubt_until_the_log_shows_what_the_conflict_named() {
    let mut case = verifying().attempts(3);
    let responses = [
        ScriptedResponse::conflict("Other"),
        ScriptedResponse::log(&["head"]),
        ScriptedResponse::status(500),
        ScriptedResponse::log(&["head"]),
    ];
    let outcome = case.run(responses).await;
    assert!(!outcome.appended);
    assert_eq!(outcome.requests, ["PUT head", "GET", "GET", "GET"]);
    assert_eq!(outcome.waits, [0, 500, 1000]);
    assert_eq!(outcome.head, Some(uuid("head")));
    // Appended again it is sent from the same head.
    case.session.set_head(&url(), uuid("own"));
    assert_eq!(case.run([ScriptedResponse::conflict("own")]).await.requests, ["PUT head"]);
}

#[tokio::test(start_paused = true)]
async fn with_verify_conflicts_each_of_several_conflicts_is_looked_into() {
    let responses = [
        ScriptedResponse::conflict("a"),
        ScriptedResponse::log(&["a"]),
        ScriptedResponse::conflict("b"),
        ScriptedResponse::log(&["a", "b"]),
        ScriptedResponse::status(201),
    ];
    assert_eq!(verifying().run(responses).await.requests, ["PUT head", "GET", "PUT a", "GET", "PUT b"]);
}

#[tokio::test(start_paused = true)]
async fn with_verify_conflicts_an_entry_that_was_refused_is_sent_again_from_the_same_head() {
    // The first copy was stored, and the response is that to the second.
    for status in [429, 400, 401] {
        let mut case = verifying().attempts(1);
        let outcome = case.run([ScriptedResponse::status(status)]).await;
        assert!(!outcome.appended, "{status}");
        // What a read finds meanwhile is behind the entry.
        case.session.set_head(&url(), uuid("later"));
        let answers = [ScriptedResponse::conflict("later"), ScriptedResponse::log(&["head", "own", "later"])];
        let outcome = case.run(answers).await;
        assert!(outcome.appended, "{status}");
        assert_eq!(outcome.requests, ["PUT head", "GET"], "{status}");
    }
}
