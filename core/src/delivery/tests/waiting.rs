//! Sessions that wait: what they say meanwhile, and that none stands in the way of another.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::server::{Process, Refusal, Server, base, paused};
use crate::append::Retry;
use crate::outbox::tests::memory::MemoryDisk;
use crate::protocol::EntryUuid;
use crate::testing::fuzz::seeded;

fn setting(name: &str) -> (MemoryDisk, Server, String) {
    (MemoryDisk::new(), Server::new(seeded(1)), base(&format!("waiting-{name}")))
}

#[test]
fn a_session_with_a_long_wait_of_its_own_does_not_keep_others_from_looking_whether_the_server_is_back() {
    let (disk, server, base) = setting("others");
    paused().block_on(async {
        let process = Process::new(&disk, &server, &base);
        server.world().refuses = Some(Refusal::Of("gone", 404));
        assert_eq!(process.append("a", "gone").await, Ok(false));
        // Its waits double to an hour.
        sleep(Duration::from_secs(4 * 3600)).await;
        server.world().refuses = Some(Refusal::NoConnection);
        assert_eq!(process.append("b", "b1").await, Ok(false));
        server.world().refuses = Some(Refusal::Of("gone", 404));
        sleep(Duration::from_secs(301)).await;
        assert_eq!(server.log("b"), ["b1"], "after the longest wait of a server that is away");
    });
}

#[test]
fn tries_write_debug_lines_only() {
    let (disk, server, base) = setting("quiet");
    paused().block_on(async {
        let process = Process::new(&disk, &server, &base);
        server.world().refuses = Some(Refusal::NoConnection);
        assert_eq!(process.append("s", "e").await, Ok(false));
        let (reports, requests) = (process.host.reports(), server.world().requests);
        sleep(Duration::from_secs(3600)).await;
        for number in 0..5 {
            process.append("s", &format!("e{number}")).await.unwrap();
            process.append("new", &format!("n{number}")).await.unwrap();
        }
        assert!(server.world().requests > requests + 5, "there were tries");
        let expected = [&reports[..], &["session_outbox_deferred entries=1".into()]].concat();
        assert_eq!(process.host.reports(), expected);
    });
}

#[test]
fn a_dead_letter_is_not_counted_as_recovered() {
    let (disk, server, base) = setting("dead");
    paused().block_on(async {
        let process = Process::new(&disk, &server, &base);
        server.world().refuses = Some(Refusal::Of("large", 413));
        let retry = Retry { max_attempts: 3, ..Retry::default() };
        let means = process.means_with("s", "token", retry);
        assert_eq!(process.append_by("s", "large", means).await, Ok(false));
        // Seven tries more, whose waits double.
        sleep(Duration::from_secs(24 * 3600)).await;
        assert_eq!(process.count("session_outbox_dead_letter"), 1);
        assert_eq!(process.count("session_outbox_recovered"), 0);
        let figures = process.deliveries.figures();
        let figures = [&figures.deferred, &figures.recovered].map(|figure| figure.load(Ordering::Relaxed));
        assert_eq!(figures, [0, 0]);
    });
}

#[test]
fn an_entry_that_waits_in_the_queue_of_a_session_that_was_cleared_is_not_sent_twice_where_it_is_appended_again()
 {
    let (disk, server, base) = setting("cleared");
    paused().block_on(async {
        let process = Process::new(&disk, &server, &base);
        server.world().refuses = Some(Refusal::NoConnection);
        let first = process.append("s", "e1");
        let second = process.append("s", "e2");
        process.clear("s");
        // Both are pending still: the first call of each has not settled.
        let again = process.append("s", "e1");
        assert_eq!([first.await, second.await, again.await], [Ok(false), Ok(false), Ok(false)]);
        // By now both are deferred.
        process.append("s", "e2").await.unwrap();
        process.append("s", "e1").await.unwrap();
        server.world().refuses = None;
        process.deliveries.until_delivered(None).await;
        assert_eq!(server.log("s"), ["e1", "e2"]);
    });
}

#[test]
fn an_append_that_comes_when_a_try_has_ended_does_not_wait_for_the_next_one() {
    let (disk, server, base) = setting("ended");
    paused().block_on(async {
        let process = Arc::new(Process::new(&disk, &server.next_process().0, &base));
        server.world().refuses = Some(Refusal::NoConnection);
        let retry = Retry { max_attempts: 1, ..Retry::default() };
        let means = || process.means_with("s", "token", retry);
        assert_eq!(process.append_by("s", "first", means()).await, Ok(false));
        // The second one has a try; when that has failed, its host appends a third one.
        let (again, third) = (Arc::clone(&process), means());
        let (send, appended) = tokio::sync::oneshot::channel();
        let settle = Box::new(move |_| drop(send.send(again.append_by("s", "third", third))));
        let entry = (EntryUuid::new("second").unwrap(), r#"{"uuid":"second"}"#.into());
        process.deliveries.append((&process.session("s"), "s"), entry, means(), settle);
        let third = appended.await.unwrap();
        let begun = Instant::now();
        assert_eq!(third.await, Ok(false));
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    });
}

#[test]
fn nothing_is_left_of_deliveries_that_have_ended() {
    let (disk, server, base) = setting("ended");
    paused().block_on(async {
        let process = Process::new(&disk, &server, &base);
        assert_eq!(process.append("s", "e1").await, Ok(true));
        server.world().refuses = Some(Refusal::NoConnection);
        // One is deferred, and one is of a session that was cleared.
        assert_eq!(process.append("s", "e2").await, Ok(false));
        process.clear("s");
        drop(process.append("s", "e3"));
        sleep(Duration::from_secs(1)).await;
        let left = process.deliveries.downgrade();
        process.deliveries.end();
        drop(process);
        sleep(Duration::from_secs(100)).await;
        assert!(left.upgrade().is_none());
    });
}
