//! Entries in doubt: the second half of specification.md, section 3, branch by branch.

use std::time::Duration;

use crate::append::append;
use crate::append::tests::case::{ADOPT, Case, RECOVERED, url, uuid};
use crate::http;
use crate::session::Session;
use crate::testing::script::{Script, ScriptedResponse};

/// Responses and failures after which the entry may or may not be stored.
fn ambiguous() -> impl Iterator<Item = ScriptedResponse> {
    [500, 502, 503, 408, 202, 204, 302, 303].map(ScriptedResponse::status).into_iter().chain([
        ScriptedResponse::connection_reset(),
        ScriptedResponse::timed_out(),
        ScriptedResponse::failure(http::Error::Redirect("a loop".into())),
    ])
}

#[tokio::test(start_paused = true)]
async fn an_entry_in_doubt_whose_uuid_is_in_the_log_is_stored() {
    for response in ambiguous() {
        let outcome = Case::new()
            .run([
                response,
                ScriptedResponse::conflict("Other"),
                ScriptedResponse::log(&["head", "own", "Other", "later"]),
            ])
            .await;
        assert!(outcome.appended);
        assert_eq!(outcome.requests, ["PUT head", "PUT head", "GET"]);
        assert_eq!(outcome.head, Some(uuid("later")));
        assert_eq!(outcome.reports.last().unwrap(), RECOVERED);
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_in_doubt_is_not_stored_where_the_log_has_only_the_uuid_that_the_409_named() {
    let outcome = Case::new()
        .run([
            ScriptedResponse::connection_reset(),
            ScriptedResponse::conflict("Other"),
            ScriptedResponse::log(&["head", "Other", "later"]),
            ScriptedResponse::status(201),
        ])
        .await;
    assert!(outcome.appended);
    assert_eq!(outcome.requests, ["PUT head", "PUT head", "GET", "PUT later"]);
    assert_eq!(outcome.waits, [500, 0, 0]);
    assert_eq!(outcome.reports.last().unwrap(), ADOPT);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_does_not_decide_about_an_entry_in_doubt_is_repeated_before_the_next_put() {
    for read in [
        ScriptedResponse::status(500),
        ScriptedResponse::status(404),
        ScriptedResponse::connection_reset(),
        ScriptedResponse::log(&[]),
        ScriptedResponse::log(&["head"]),
        ScriptedResponse::ok("{"),
    ] {
        let outcome = Case::new()
            .run([
                ScriptedResponse::status(502),
                ScriptedResponse::conflict("Other"),
                read,
                ScriptedResponse::log(&["head", "Other"]),
                ScriptedResponse::status(201),
            ])
            .await;
        assert!(outcome.appended);
        assert_eq!(outcome.requests, ["PUT head", "PUT head", "GET", "GET", "PUT Other"]);
        assert_eq!(outcome.waits, [500, 0, 1000, 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_head_stays_while_an_entry_is_in_doubt() {
    let outcome = Case::new()
        .attempts(3)
        .run([
            ScriptedResponse::connection_reset(),
            ScriptedResponse::conflict("Other"),
            ScriptedResponse::status(500),
            ScriptedResponse::status(500),
        ])
        .await;
    assert_eq!(outcome.head, Some(uuid("head")));
}

#[tokio::test(start_paused = true)]
async fn an_entry_in_doubt_after_the_last_attempt_fails_with_an_error() {
    let outcome = Case::new()
        .attempts(3)
        .run([
            ScriptedResponse::connection_reset(),
            ScriptedResponse::conflict("Other"),
            ScriptedResponse::log(&["head"]),
            ScriptedResponse::log(&["head"]),
        ])
        .await;
    assert!(!outcome.appended);
    assert_eq!(outcome.requests, ["PUT head", "PUT head", "GET", "GET"]);
    assert_eq!(
        outcome.reports,
        [
            "logError",
            "session_persist_fail_status attempt=1",
            "logError",
            "session_persist_error_retries_exhausted attempt=3"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn no_read_follows_a_failure_that_is_not_ambiguous() {
    for response in [
        ScriptedResponse::connection_refused(),
        ScriptedResponse::status(429),
        ScriptedResponse::status(400),
        ScriptedResponse::status(404),
    ] {
        let outcome = Case::new()
            .run([response, ScriptedResponse::conflict("Other"), ScriptedResponse::status(201)])
            .await;
        assert!(outcome.appended);
        assert_eq!(outcome.requests, ["PUT head", "PUT head", "PUT Other"]);
    }
}

#[tokio::test(start_paused = true)]
async fn every_conflict_after_an_ambiguous_failure_is_followed_by_a_read() {
    let outcome = Case::new()
        .run([
            ScriptedResponse::connection_reset(),
            ScriptedResponse::conflict("a"),
            ScriptedResponse::log(&["a"]),
            ScriptedResponse::conflict("b"),
            ScriptedResponse::log(&["a", "b"]),
            ScriptedResponse::status(201),
        ])
        .await;
    assert_eq!(outcome.requests, ["PUT head", "PUT head", "GET", "PUT a", "GET", "PUT b"]);
    assert!(outcome.appended);
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_may_be_stored_is_sent_from_the_same_head_when_appended_again() {
    let mut case = Case::new().attempts(2);
    assert!(
        !case
            .run([ScriptedResponse::connection_reset(), ScriptedResponse::connection_reset()])
            .await
            .appended
    );
    // What a read finds meanwhile may be the entry itself.
    case.session.set_head(&url(), uuid("own"));

    let outcome = case.run([ScriptedResponse::conflict("own")]).await;
    assert!(outcome.appended);
    assert_eq!(outcome.requests, ["PUT head"]);
    assert_eq!(outcome.reports, [RECOVERED]);

    // Now it is known to be stored; a third append is one like any other.
    case.session.set_head(&url(), uuid("later"));
    assert_eq!(case.run([ScriptedResponse::conflict("own")]).await.requests, ["PUT later"]);
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_is_appended_again_is_looked_for_after_a_conflict() {
    for (log, asked, head) in [
        (["own", "later"], &["PUT head", "GET"][..], "later"),
        (["head", "later"], &["PUT head", "GET", "PUT later"], "own"),
    ] {
        let mut case = Case::new().attempts(1);
        assert!(!case.run([ScriptedResponse::connection_reset()]).await.appended);
        let responses =
            [ScriptedResponse::conflict("later"), ScriptedResponse::log(&log), ScriptedResponse::status(201)];
        let outcome = case.run(responses.into_iter().take(asked.len())).await;
        assert!(outcome.appended);
        assert_eq!(outcome.requests, asked);
        assert_eq!(outcome.head, Some(uuid(head)));
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_was_sent_without_a_head_is_sent_so_when_appended_again() {
    let mut case = Case { session: Session::default(), ..Case::new() }.attempts(1);
    assert!(!case.run([ScriptedResponse::connection_reset()]).await.appended);
    case.session.set_head(&url(), uuid("own"));
    assert_eq!(case.run([ScriptedResponse::conflict("own")]).await.requests, ["PUT"]);
}

#[tokio::test(start_paused = true)]
async fn an_entry_in_doubt_that_is_appended_again_at_another_url_is_looked_for_there_first() {
    for (log, asked) in [
        (ScriptedResponse::log(&["own", "later"]), &["GET"][..]),
        (ScriptedResponse::log(&["later"]), &["GET", "PUT later"]),
        (ScriptedResponse::log(&[]), &["GET", "PUT"]),
        (ScriptedResponse::status(404), &["GET", "PUT"]),
    ] {
        let mut case = Case::new().attempts(1);
        assert!(!case.run([ScriptedResponse::connection_reset()]).await.appended);
        case.move_to("http://b.test/log");
        // It may be the same log, by another name, and the entry its head.
        case.session.set_head(case.entry.endpoint.url(), uuid("own"));
        let responses = [log, ScriptedResponse::status(201)];
        let outcome = case.run(responses.into_iter().take(asked.len())).await;
        assert!(outcome.appended);
        assert_eq!(outcome.requests, asked);
        assert_eq!(outcome.retries, 0, "search and PUT are one attempt");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_wrong_conflict_named_is_forgotten_with_the_call() {
    let mut case = Case::new().attempts(3);
    let stale = || ScriptedResponse::log(&["head"]);
    let wrong =
        [ScriptedResponse::connection_reset(), ScriptedResponse::conflict("nowhere"), stale(), stale()];
    assert!(!case.run(wrong).await.appended);
    let outcome = case.run([ScriptedResponse::status(201)]).await;
    assert!(outcome.appended);
    assert_eq!(outcome.requests, ["PUT head"]);
}

#[tokio::test(start_paused = true)]
async fn the_last_attempt_sends_an_entry_that_it_finds_not_to_be_stored() {
    let responses = [
        ScriptedResponse::connection_reset(),
        ScriptedResponse::conflict("Other"),
        ScriptedResponse::log(&["head"]),
        ScriptedResponse::log(&["head", "Other"]),
        ScriptedResponse::status(201),
    ];
    let outcome = Case::new().attempts(3).run(responses).await;
    assert!(outcome.appended);
    assert_eq!(outcome.requests, ["PUT head", "PUT head", "GET", "GET", "PUT Other"]);
    assert_eq!(outcome.retries, 2, "the last search and the PUT are one attempt");
}

/// The requests of an append where a read finds another head between the first attempt and the second.
async fn requests_with_a_read_meanwhile<const N: usize>(
    found: &str,
    responses: [ScriptedResponse; N],
) -> Vec<String> {
    let (case, script) = (Case::new(), Script::new(responses));
    let read = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        case.session.set_head(&url(), uuid(found));
    };
    let (appended, ()) = tokio::join!(append(&script, &case.session, &case.entry, &case.host), read);
    assert!(appended);
    assert_eq!(script.unused(), 0);
    script.request_lines()
}

#[tokio::test(start_paused = true)]
async fn an_entry_in_doubt_that_a_read_makes_the_head_is_not_stored_twice() {
    for response in ambiguous() {
        let requests =
            requests_with_a_read_meanwhile("own", [response, ScriptedResponse::conflict("own")]).await;
        assert_eq!(requests, ["PUT head", "PUT head"]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_in_doubt_is_not_stored_twice_when_a_read_finds_a_later_head() {
    for response in ambiguous() {
        let log = ScriptedResponse::log(&["head", "own", "later"]);
        let requests =
            requests_with_a_read_meanwhile("later", [response, ScriptedResponse::conflict("later"), log])
                .await;
        assert_eq!(requests, ["PUT head", "PUT head", "GET"]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_is_not_in_doubt_is_sent_with_the_head_that_a_read_found() {
    let requests = requests_with_a_read_meanwhile(
        "later",
        [ScriptedResponse::status(429), ScriptedResponse::status(201)],
    )
    .await;
    assert_eq!(requests, ["PUT head", "PUT later"]);
}

#[tokio::test(start_paused = true)]
async fn a_conflict_that_names_no_head_is_looked_into_before_the_entry_is_sent_again() {
    let responses = [
        ScriptedResponse::connection_reset(),
        ScriptedResponse::status(409),
        ScriptedResponse::status(500),
        ScriptedResponse::log(&["own", "later"]),
    ];
    let outcome = Case::new().run(responses).await;
    assert!(outcome.appended);
    assert_eq!(outcome.requests, ["PUT head", "PUT head", "GET", "GET"]);
    assert_eq!(outcome.waits, [500, 0, 1000]);
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_the_server_refused_is_not_remembered_as_in_doubt() {
    let mut case = Case::new().attempts(1);
    assert!(!case.run([ScriptedResponse::status(400)]).await.appended);
    assert_eq!(case.run([ScriptedResponse::status(201)]).await.requests, ["PUT head"]);
}

#[tokio::test(start_paused = true)]
async fn the_waits_of_an_entry_in_doubt_are_those_of_the_attempts() {
    let mut case = Case::new().attempts(4);
    case.entry.retry.base_delay = Duration::from_millis(10);
    let stale = || ScriptedResponse::log(&["head"]);
    let outcome = case
        .run([
            ScriptedResponse::connection_reset(),
            ScriptedResponse::conflict("a"),
            stale(),
            stale(),
            stale(),
        ])
        .await;
    assert_eq!(outcome.waits, [10, 0, 20, 40]);
}

#[tokio::test(start_paused = true)]
async fn the_token_is_renewed_while_an_entry_is_in_doubt() {
    let case = Case::new().tokens(&[Some("new")]);
    let script = Script::new([
        ScriptedResponse::connection_reset(),
        ScriptedResponse::conflict("Other"),
        ScriptedResponse::status(401),
        ScriptedResponse::log(&["head", "own", "Other"]),
    ]);
    assert!(append(&script, &case.session, &case.entry, &case.host).await);
    assert_eq!(script.request_lines(), ["PUT head", "PUT head", "GET", "GET"]);
    assert_eq!(script.waits(), [500, 0, 0]);
    assert_eq!(script.requests()[3].headers.to_map()["authorization"], "Bearer new");
    let told = case.host.reports();
    assert!(told.contains(&"session_persist_fail_bad_token".to_owned()), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn an_entry_in_doubt_without_another_token_is_sent_from_the_same_head_when_appended_again() {
    for tokens in [&[None][..], &[Some("t")], &[Some("new")]] {
        let mut case = Case::new().tokens(tokens);
        let mut responses = vec![ScriptedResponse::connection_reset(), ScriptedResponse::conflict("Other")];
        // Another token is refused, too.
        responses
            .extend((0..1 + usize::from(tokens[0] == Some("new"))).map(|_| ScriptedResponse::status(401)));
        let outcome = case.run(responses).await;
        assert!(!outcome.appended);
        assert_eq!(outcome.head, Some(uuid("head")));
        assert_eq!(case.run([ScriptedResponse::conflict("own")]).await.requests, ["PUT head"]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_token_is_renewed_where_a_log_is_read_for_its_head() {
    let mut case = Case::new().tokens(&[Some("new")]);
    let responses = [
        ScriptedResponse::status(409),
        ScriptedResponse::status(401),
        ScriptedResponse::status(409),
        ScriptedResponse::log(&["a"]),
        ScriptedResponse::status(201),
    ];
    let outcome = case.run(responses).await;
    assert!(outcome.appended);
    assert_eq!(outcome.requests, ["PUT head", "GET", "PUT head", "GET", "PUT a"]);
}
