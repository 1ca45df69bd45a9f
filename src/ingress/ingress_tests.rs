//! What the binding calls: tickets of appends, reads that are cancelled or bounded.

use std::sync::{Arc, Mutex};

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};

use super::testing::{Answer, Kept, Recorder, Script, ScriptBody};
use super::{
    Account, Cancel, Entry, EntryUuid, Events, Ingress, Reading, Retry, Sessions, Stats, Target, Timeouts,
    cancellation,
};
use crate::http::{Failure, Request, Response, Transport};

/// A script that holds its answers back, and says when it was asked.
#[derive(Clone)]
struct Held {
    script: Script,
    asked: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl Held {
    fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let closed = || Arc::new(Semaphore::new(0));
        Self { script: Script::new(answers), asked: closed(), open: closed() }
    }

    async fn until_asked(&self) {
        self.asked.acquire().await.unwrap().forget();
    }
}

impl Transport for Held {
    type Body = ScriptBody;

    async fn send(&self, request: Request) -> Result<Response<ScriptBody>, Failure> {
        self.asked.add_permits(1);
        self.open.acquire().await.unwrap().forget();
        self.script.send(request).await
    }
}

fn entry(uuid: &str, url: &str) -> Entry {
    Entry {
        uuid: EntryUuid::new(uuid).unwrap(),
        body: format!(r#"{{"uuid":"{uuid}"}}"#).into(),
        url: url.into(),
        token: "t".into(),
        retry: Retry::default(),
        timeouts: Timeouts::default(),
    }
}

#[tokio::test(start_paused = true)]
async fn an_append_is_pending_until_its_ticket_is_settled() {
    let (mut sessions, handle) = (Sessions::default(), Handle::current());
    let server = Held::new([Answer::status(500), Answer::conflict("x"), Answer::log(&["x"]), Answer::ok("")]);
    let (settled, settles) = oneshot::channel();
    Ingress::new(&handle, &mut sessions).append(
        "s",
        entry("own", "http://a.test/"),
        server.clone(),
        Recorder::default(),
        |appended, ticket| settled.send((appended, ticket)).unwrap(),
    );
    assert_eq!(sessions.stats("s"), Stats { pending: 1, pending_bytes: 14, ..Stats::default() });
    server.open.add_permits(4);
    let (appended, ticket) = settles.await.unwrap();
    // The second attempt met a conflict; the third one was stored.
    assert_eq!((appended, sessions.stats("s").retries, sessions.stats("s").pending), (true, 2, 1));
    ticket.settle(appended);
    let head = EntryUuid::new("own");
    assert_eq!(sessions.stats("s"), Stats { appended: 1, retries: 2, head, ..Stats::default() });
    assert_eq!(sessions.all().stats(None), Stats { appended: 1, retries: 2, ..Stats::default() });
}

#[tokio::test]
async fn an_entry_that_cannot_be_sent_has_a_ticket_too() {
    let (mut sessions, handle) = (Sessions::default(), Handle::current());
    let ended = Arc::new(Mutex::new(None));
    let end = ended.clone();
    Ingress::new(&handle, &mut sessions).append(
        "s",
        entry("own", "nonsense"),
        Script::new([]),
        Recorder::default(),
        move |appended, ticket| *end.lock().unwrap() = Some((appended, ticket)),
    );
    assert_eq!(sessions.stats("s").pending, 1);
    let (appended, ticket) = ended.lock().unwrap().take().unwrap();
    ticket.settle(appended);
    assert_eq!(sessions.stats("s"), Stats { failed: 1, ..Stats::default() });
}

fn reading<T>(transport: T, host: &Recorder, at_most: Option<u64>) -> (Reading<T, Kept, Recorder>, Cancel) {
    let (cancel, cancelled) = cancellation();
    let reading = Reading {
        transport,
        sink: Kept::default(),
        caller: host.clone(),
        after_last_compact: false,
        timeouts: Timeouts::default(),
        answer_at_most: at_most,
        cancelled,
    };
    (reading, cancel)
}

#[tokio::test]
async fn a_read_that_is_cancelled_settles_without_a_result_and_reports_no_failure() {
    let (mut sessions, handle) = (Sessions::default(), Handle::current());
    let (server, host) = (Held::new([Answer::log(&["a"])]), Recorder::default());
    let (settled, settles) = oneshot::channel();
    let (reading, cancel) = reading(server.clone(), &host, None);
    let target = Target::new("http://a.test/", "t");
    Ingress::new(&handle, &mut sessions)
        .read_session_log("s", target, reading, |read| settled.send(read).unwrap());
    server.until_asked().await;
    cancel.send(()).unwrap();
    assert!(!settles.await.unwrap());
    assert!(host.told().is_empty());
    assert_eq!(host.debug_lines(), ["Cancelled: reading a session log"]);
    assert_eq!((sessions.stats("s"), server.script.left()), (Stats::default(), 1));
}

#[tokio::test]
async fn a_read_whose_host_is_gone_is_cancelled_before_it_begins() {
    let (mut sessions, handle) = (Sessions::default(), Handle::current());
    let (server, host) = (Script::new([]), Recorder::default());
    let (settled, settles) = oneshot::channel();
    let account = Account::new("http://a.test".into(), vec![], "org");
    let (reading, cancel) = reading(server.clone(), &host, None);
    drop(cancel);
    Ingress::new(&handle, &mut sessions)
        .read_events("s".into(), account, reading, |events| settled.send(events).unwrap());
    assert_eq!(settles.await.unwrap(), Events::None);
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn every_request_of_a_read_has_the_limit() {
    let (mut sessions, handle) = (Sessions::default(), Handle::current());
    let pages = [r#"{"data":[],"next_cursor":"c"}"#, r#"{"data":[]}"#].map(Answer::ok);
    let (server, host) = (Script::new(pages), Recorder::default());
    let (settled, settles) = oneshot::channel();
    let account = Account::new("http://a.test".into(), vec![], "org");
    let (reading, _cancel) = reading(server.clone(), &host, Some(7));
    Ingress::new(&handle, &mut sessions)
        .read_events("s".into(), account, reading, |events| settled.send(events).unwrap());
    assert_eq!(settles.await.unwrap(), Events::Read);
    let limits: Vec<_> = server.requests().iter().map(|request| request.body_at_most).collect();
    assert_eq!(limits, [Some(7), Some(7)]);
}
