//! Reads as the addon begins them: cancellation, limits, and the head of the session.

use std::sync::Arc;

use reqwest::Url;
use tokio::sync::Semaphore;

use crate::http::{self, Request, Response, Transport};
use crate::protocol::{EntryUuid, LogEndpoint, OAuthEndpoint, Timeouts};
use crate::read::{
    Cancel, Events, ReadJob, SessionLog, cancellation, read_session_log, read_teleport_events,
};
use crate::session::{Sessions, Stats};
use crate::testing::script::{CollectingSink, Recorder, Script, ScriptBody, ScriptedResponse};

/// A transport that holds the responses of a script back, and signals each request.
#[derive(Clone)]
struct HeldTransport {
    script: Script,
    requested: Arc<Semaphore>,
    released: Arc<Semaphore>,
}

impl HeldTransport {
    fn new(responses: impl IntoIterator<Item = ScriptedResponse>) -> Self {
        let closed = || Arc::new(Semaphore::new(0));
        Self { script: Script::new(responses), requested: closed(), released: closed() }
    }

    async fn until_requested(&self) {
        self.requested.acquire().await.unwrap().forget();
    }
}

impl Transport for HeldTransport {
    type Body = ScriptBody;

    async fn send(&self, request: Request) -> Result<Response<ScriptBody>, http::Error> {
        self.requested.add_permits(1);
        self.released.acquire().await.unwrap().forget();
        self.script.send(request).await
    }
}

fn job<T>(transport: T, host: &Recorder) -> (ReadJob<T, CollectingSink, Recorder>, Cancel) {
    let (cancel, cancelled) = cancellation();
    let sink = CollectingSink::default();
    (ReadJob { transport, sink, reporter: host.clone(), cancelled, check_chain: false }, cancel)
}

fn log_request() -> Request {
    LogEndpoint::new("http://a.test/", "t").unwrap().read(false, &Timeouts::default())
}

fn url() -> Url {
    Url::parse("http://a.test/").unwrap()
}

fn whole_log(sessions: &mut Sessions) -> SessionLog {
    SessionLog { session: sessions.get("s"), url: url(), is_whole: true }
}

fn head(text: &str) -> EntryUuid {
    EntryUuid::new(text).unwrap()
}

#[tokio::test]
async fn a_log_that_is_read_sets_the_head_of_its_session() {
    let (mut sessions, host) = (Sessions::default(), Recorder::default());
    let (job, _cancel) = job(Script::new([ScriptedResponse::log(&["a", "b"])]), &host);
    assert!(read_session_log(job, log_request(), Some(whole_log(&mut sessions))).await);
    assert_eq!(sessions.get("s").head(&url()), EntryUuid::new("b"));
}

#[tokio::test]
async fn a_log_that_is_empty_or_gone_forgets_the_head_where_all_of_it_is_read() {
    for (response, is_whole, left) in [
        (ScriptedResponse::log(&[]), true, None),
        (ScriptedResponse::status(404), true, None),
        (ScriptedResponse::log(&[]), false, EntryUuid::new("old")),
        (ScriptedResponse::status(404), false, EntryUuid::new("old")),
        (ScriptedResponse::ok(r#"{"loglines":[{"type":"summary"}]}"#), true, EntryUuid::new("old")),
        (ScriptedResponse::status(500), true, EntryUuid::new("old")),
    ] {
        let (mut sessions, host) = (Sessions::default(), Recorder::default());
        sessions.get("s").set_head(&url(), head("old"));
        let (job, _cancel) = job(Script::new([response]), &host);
        let of = SessionLog { is_whole, ..whole_log(&mut sessions) };
        read_session_log(job, log_request(), Some(of)).await;
        assert_eq!(sessions.get("s").head(&url()), left, "{:?}", host.reports());
    }
}

#[tokio::test]
async fn a_head_that_changed_since_the_read_began_is_not_forgotten() {
    for before in [None, Some("old")] {
        let (mut sessions, host) = (Sessions::default(), Recorder::default());
        if let Some(before) = before {
            sessions.get("s").set_head(&url(), head(before));
        }
        let server = HeldTransport::new([ScriptedResponse::log(&[])]);
        let (job, _cancel) = job(server.clone(), &host);
        let read = tokio::spawn(read_session_log(job, log_request(), Some(whole_log(&mut sessions))));
        server.until_requested().await;
        sessions.get("s").set_head(&url(), head("new"));
        server.released.add_permits(1);
        assert!(read.await.unwrap());
        assert_eq!(sessions.get("s").head(&url()), EntryUuid::new("new"));
    }
}

#[tokio::test]
async fn a_read_that_finds_no_head_leaves_that_of_another_url_in_the_stats() {
    let (mut sessions, host) = (Sessions::default(), Recorder::default());
    let elsewhere = Url::parse("http://b.test/").unwrap();
    sessions.get("s").set_head(&elsewhere, head("old"));
    for response in [ScriptedResponse::log(&[]), ScriptedResponse::status(404), ScriptedResponse::status(500)]
    {
        let (job, _cancel) = job(Script::new([response]), &host);
        read_session_log(job, log_request(), Some(whole_log(&mut sessions))).await;
        assert_eq!(sessions.stats("s").head, EntryUuid::new("old"));
    }
}

#[tokio::test]
async fn a_read_leaves_the_heads_of_other_urls() {
    let (mut sessions, host) = (Sessions::default(), Recorder::default());
    let elsewhere = Url::parse("http://b.test/").unwrap();
    sessions.get("s").set_head(&elsewhere, head("old"));
    for (response, here) in [(ScriptedResponse::log(&["a"]), Some("a")), (ScriptedResponse::log(&[]), None)] {
        let (job, _cancel) = job(Script::new([response]), &host);
        assert!(read_session_log(job, log_request(), Some(whole_log(&mut sessions))).await);
        assert_eq!(sessions.get("s").head(&url()), here.map(head));
        assert_eq!(sessions.stats("s").head, here.map(head));
    }
    assert_eq!(sessions.get("s").head(&elsewhere), EntryUuid::new("old"));
}

#[tokio::test]
async fn a_read_that_is_cancelled_ends_without_a_result_and_reports_no_failure() {
    let mut sessions = Sessions::default();
    let (server, host) = (HeldTransport::new([ScriptedResponse::log(&["a"])]), Recorder::default());
    let (job, cancel) = job(server.clone(), &host);
    let read = tokio::spawn(read_session_log(job, log_request(), Some(whole_log(&mut sessions))));
    server.until_requested().await;
    cancel.send(()).unwrap();
    assert!(!read.await.unwrap());
    assert!(host.reports().is_empty());
    assert_eq!(host.debug_lines(), ["Cancelled: reading a session log"]);
    assert_eq!((sessions.stats("s"), server.script.unused()), (Stats::default(), 1));
}

#[tokio::test]
async fn a_read_whose_host_is_gone_is_cancelled_before_it_begins() {
    let (server, host) = (Script::new([]), Recorder::default());
    let endpoint = OAuthEndpoint::new("http://a.test".into(), vec![], "org").unwrap();
    let (job, cancel) = job(server.clone(), &host);
    drop(cancel);
    let pages = endpoint.read_teleport_events("s", &Timeouts::default()).unwrap();
    assert_eq!(read_teleport_events(job, pages).await, Events::None);
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn every_page_of_teleport_events_has_the_limit_of_the_read() {
    let pages = [r#"{"data":[],"next_cursor":"c"}"#, r#"{"data":[]}"#].map(ScriptedResponse::ok);
    let (server, host) = (Script::new(pages), Recorder::default());
    let endpoint = OAuthEndpoint::new("http://a.test".into(), vec![], "org").unwrap();
    let (job, _cancel) = job(server.clone(), &host);
    let pages = endpoint.read_teleport_events("s", &Timeouts::default()).unwrap().at_most(Some(7));
    assert_eq!(read_teleport_events(job, pages).await, Events::Read);
    let limits: Vec<_> = server.requests().iter().map(|request| request.max_body_bytes).collect();
    assert_eq!(limits, [Some(7), Some(7)]);
}
