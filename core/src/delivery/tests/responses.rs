//! What each response makes of an entry, and what becomes of those behind it.

use std::time::Duration;

use tokio::time::sleep;

use super::server::{Process, Refusal, Server, base, paused};
use crate::append::Retry;
use crate::outbox::tests::memory::MemoryDisk;
use crate::testing::fuzz::seeded;

fn setting(name: &str) -> (MemoryDisk, Server, String) {
    let (server, _killed) = Server::new(seeded(1)).next_process();
    (MemoryDisk::new(), server, base(name))
}

#[test]
fn an_entry_that_the_server_refuses_for_what_it_is_goes_to_the_dead_letters_and_the_next_one_is_sent() {
    for status in [400, 413, 422] {
        let (disk, server, base) = setting(&format!("dead-{status}"));
        paused().block_on(async {
            let process = Process::new(&disk, &server, &base);
            server.world().refuses = Some(Refusal::Of("bad", status));
            let (bad, good) = (process.append("s", "bad"), process.append("s", "good"));
            assert_eq!((bad.await, good.await), (Ok(false), Ok(true)));
            assert_eq!(process.count("session_outbox_dead_letter"), 1);
            assert_eq!(server.log("s"), ["good"]);
            sleep(Duration::from_secs(1)).await;
            let dead = disk.files(".spool").into_iter().filter(|(path, _)| path.contains("/dead/"));
            let texts: Vec<_> = dead.map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned()).collect();
            assert_eq!(texts.len(), 1);
            assert!(texts[0].contains(r#"{"uuid":"bad"}"#));
        });
    }
}

#[test]
fn a_second_dead_letter_in_a_row_is_the_sessions_own_trouble() {
    let (disk, server, base) = setting("dead-twice");
    paused().block_on(async {
        let process = Process::new(&disk, &server, &base);
        server.world().refuses = Some(Refusal::Status(400));
        let calls: Vec<_> = (0..3).map(|number| process.append("s", &format!("e{number}"))).collect();
        for call in calls {
            assert_eq!(call.await, Ok(false));
        }
        sleep(Duration::from_secs(3600)).await;
        assert_eq!(process.count("session_outbox_dead_letter"), 1);
        server.world().refuses = None;
        process.deliveries.until_delivered(None).await;
        assert_eq!(server.log("s"), ["e1", "e2"]);
    });
}

#[test]
fn a_session_that_is_refused_is_tried_again_and_others_go_on() {
    for status in [403, 404, 410, 414, 451] {
        let (disk, server, base) = setting(&format!("session-{status}"));
        paused().block_on(async {
            let process = Process::new(&disk, &server, &base);
            server.world().refuses = Some(Refusal::Of("a1", status));
            assert_eq!(process.append("a", "a1").await, Ok(false));
            assert_eq!(process.append("b", "b1").await, Ok(true));
            let before = server.world().requests;
            sleep(Duration::from_secs(3600)).await;
            let tries = server.world().requests - before;
            assert!((4..12).contains(&tries), "{tries} tries in an hour");
            server.world().refuses = None;
            process.deliveries.until_delivered(None).await;
            assert_eq!(server.log("a"), ["a1"]);
        });
    }
}

#[test]
fn a_refused_token_waits_for_another_one() {
    let (disk, server, base) = setting("token");
    paused().block_on(async {
        let mut process = Process::new(&disk, &server, &base);
        process.host = crate::testing::script::Recorder::with_tokens(&[None]);
        server.world().refuses = Some(Refusal::Status(401));
        assert_eq!(process.append("s", "e1").await, Ok(false));
        let before = server.world().requests;
        sleep(Duration::from_secs(3600)).await;
        assert_eq!(server.world().requests, before, "nothing is sent with a token that was refused");
        server.world().refuses = None;
        let means = process.means_with("s", "another", Retry::default());
        assert_eq!(process.append_by("s", "e2", means).await, Ok(true));
        assert_eq!(server.log("s"), ["e1", "e2"]);
    });
}

#[test]
fn give_up_on_ends_the_round_and_not_the_entry() {
    let (disk, server, base) = setting("give-up");
    paused().block_on(async {
        let process = Process::new(&disk, &server, &base);
        server.world().refuses = Some(Refusal::Status(404));
        let mut retry = Retry::default();
        retry.give_up_on.insert(404);
        let means = process.means_with("s", "token", retry);
        assert_eq!(process.append_by("s", "e1", means).await, Ok(false));
        assert_eq!(server.world().requests, 1);
        server.world().refuses = None;
        process.deliveries.until_delivered(None).await;
        assert_eq!(server.log("s"), ["e1"]);
    });
}

#[test]
fn an_entry_that_is_appended_again_while_it_is_deferred_is_in_the_queue_once() {
    let (disk, server, base) = setting("again");
    paused().block_on(async {
        let process = Process::new(&disk, &server, &base);
        server.world().refuses = Some(Refusal::NoConnection);
        assert_eq!(process.append("s", "e1").await, Ok(false));
        assert_eq!(process.append("s", "e1").await, Ok(false));
        server.world().refuses = None;
        assert_eq!(process.append("s", "e1").await, Ok(true));
        assert_eq!(server.log("s"), ["e1"]);
        assert_eq!(process.deliveries.deferred("s"), (0, 0, 1));
    });
}

#[test]
fn an_entry_that_an_earlier_process_left_is_not_sent_twice_where_it_is_appended_again() {
    let (disk, server, base) = setting("left");
    paused().block_on(async {
        let process = Process::new(&disk, &server, &base);
        server.world().refuses = Some(Refusal::NoConnection);
        for uuid in ["e1", "e2", "e3"] {
            assert_eq!(process.append("s", uuid).await, Ok(false));
        }
        sleep(Duration::from_secs(1)).await;
        process.deliveries.end();
    });
    let (disk, (server, _killed)) = (disk.next_process(), server.next_process());
    server.world().refuses = None;
    paused().block_on(async {
        let process = Process::new(&disk, &server, &base);
        let calls = ["e2", "e4"].map(|uuid| process.append("s", uuid));
        for call in calls {
            assert_eq!(call.await, Ok(true));
        }
        assert_eq!(server.log("s"), ["e1", "e2", "e3", "e4"]);
        process.deliveries.end();
    });
}

#[test]
fn what_is_given_up_is_not_sent_and_its_promises_settle() {
    let (disk, server, base) = setting("discard");
    paused().block_on(async {
        let process = Process::new(&disk, &server, &base);
        server.world().refuses = Some(Refusal::NoConnection);
        assert_eq!(process.append("a", "a1").await, Ok(false));
        let pending = process.append("b", "b1");
        assert_eq!(process.deliveries.discard(None).await.entries, 2);
        assert_eq!(pending.await, Ok(false));
        server.world().refuses = None;
        assert_eq!(process.append("a", "a2").await, Ok(true));
        assert_eq!((server.log("a"), server.log("b")), (vec!["a2".to_owned()], vec![]));
        process.deliveries.end();
        sleep(Duration::from_secs(1)).await;
        assert!(crate::outbox::tests::pending_uuids(&disk).is_empty());
    });
}

#[test]
fn a_read_waits_until_what_is_deferred_is_delivered_or_a_try_fails() {
    let (disk, server, base) = setting("read");
    paused().block_on(async {
        let process = Process::new(&disk, &server, &base);
        server.world().refuses = Some(Refusal::NoConnection);
        assert_eq!(process.append("s", "e1").await, Ok(false));
        let read = || process.deliveries.before_read(process.session("s"), "s", process.means("s"));
        let start = tokio::time::Instant::now();
        read().await;
        assert!(start.elapsed() < Duration::from_secs(1), "the try failed: {:?}", start.elapsed());
        server.world().refuses = None;
        read().await;
        assert_eq!(server.log("s"), ["e1"]);
    });
}
