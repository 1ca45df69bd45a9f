//! An append in its session's queue, and the counters of the session.

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::append::{Entry, Retry, enqueue};
use crate::protocol::{EntryUuid, Timeouts};
use crate::session::{Sessions, Stats};
use crate::testing::script::{Recorder, Script, ScriptedResponse};

#[tokio::test(start_paused = true)]
async fn an_append_is_pending_until_its_guard_is_settled() {
    let mut sessions = Sessions::default();
    let server = Script::new([
        ScriptedResponse::status(500),
        ScriptedResponse::conflict("x"),
        ScriptedResponse::log(&["x"]),
        ScriptedResponse::ok(""),
    ]);
    let (settled, settles) = oneshot::channel();
    let session = sessions.get("s");
    let guard = session.count_append(14);
    let entry = Entry {
        uuid: EntryUuid::new("own").unwrap(),
        body: r#"{"uuid":"own"}"#.into(),
        endpoint: session.endpoint("http://a.test/".into(), "t").unwrap(),
        retry: Retry::default(),
        timeouts: Timeouts::default(),
        random: || 0.5,
    };
    enqueue(&Handle::current(), &session, entry, server, Recorder::default(), |appended| {
        settled.send(appended).unwrap();
    });
    assert_eq!(sessions.stats("s"), Stats { pending: 1, pending_bytes: 14, ..Stats::default() });
    let appended = settles.await.unwrap();
    // The second attempt met a conflict; the third one was stored.
    assert_eq!((appended, sessions.stats("s").retries, sessions.stats("s").pending), (true, 2, 1));
    guard.settle(appended);
    let head = EntryUuid::new("own");
    assert_eq!(sessions.stats("s"), Stats { appended: 1, retries: 2, head, ..Stats::default() });
    assert_eq!(sessions.all().stats(None), Stats { appended: 1, retries: 2, ..Stats::default() });
}
