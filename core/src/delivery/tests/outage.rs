//! Long outages: what is tried, how often, and what becomes of it.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::server::{Process, Refusal, Server, base, paused};
use crate::outbox::OutboxOptions;
use crate::outbox::tests::memory::MemoryDisk;
use crate::testing::fuzz::seeded;

fn setting(name: &str) -> (MemoryDisk, Server, String) {
    let (server, _killed) = Server::new(seeded(1)).next_process();
    (MemoryDisk::new(), server, base(name))
}

#[test]
fn twenty_sessions_without_a_server_have_all_settled_after_50_seconds_and_later_appends_within_one_attempt() {
    let (disk, server, base) = setting("twenty");
    paused().block_on(async {
        let process = Process::new(&disk, &server, &base);
        server.world().refuses = Some(Refusal::NoConnection);
        let (start, mut calls) = (Instant::now(), Vec::new());
        // Some begin while others are in the middle of their rounds.
        for number in 0..60 {
            calls.push(process.append(&format!("s{}", number % 20), &format!("e{number}")));
            sleep(Duration::from_millis(700)).await;
        }
        assert!(join_all(calls).await.iter().all(|settled| *settled == Ok(false)));
        assert!(start.elapsed() < Duration::from_secs(50), "{:?}", start.elapsed());
        for number in 60..160 {
            let (asked, requests) = (Instant::now(), server.world().requests);
            assert_eq!(process.append(&format!("s{}", number % 20), &format!("e{number}")).await, Ok(false));
            assert!(asked.elapsed() < Duration::from_millis(100), "{:?}", asked.elapsed());
            assert!(server.world().requests <= requests + 1);
            sleep(Duration::from_secs(3)).await;
        }
        server.world().refuses = None;
        process.deliveries.until_delivered(None).await;
        for session in 0..20 {
            let expected: Vec<_> = (0..8).map(|n| format!("e{}", session + 20 * n)).collect();
            assert_eq!(server.log(&format!("s{session}")), expected);
        }
    });
}

#[test]
fn after_15_minutes_without_a_server_10_000_entries_of_100_sessions_arrive_in_order() {
    let (disk, server, base) = setting("quarter");
    paused().block_on(async {
        let process = Process::new(&disk, &server, &base);
        server.world().refuses = Some(Refusal::NoConnection);
        let mut calls = Vec::new();
        for number in 0..1000 {
            for session in 0..10 {
                let session = (number % 10) * 10 + session;
                calls.push(process.append(&format!("s{session}"), &format!("e{session}-{number}")));
            }
            sleep(Duration::from_millis(50)).await;
        }
        drop(join_all(calls).await);
        let (start, mut probes) = (Instant::now(), Vec::new());
        server.world().most_under_way = 0;
        while start.elapsed() < Duration::from_secs(15 * 60) {
            let before = server.world().requests;
            sleep(Duration::from_secs(60)).await;
            probes.push(server.world().requests - before);
        }
        assert_eq!(server.world().most_under_way, 1, "one probe at a time");
        assert!(probes.iter().sum::<usize>() < 40, "{probes:?}");
        server.world().refuses = None;
        process.deliveries.until_delivered(None).await;
        assert!(server.world().most_under_way <= 4, "{}", server.world().most_under_way);
        for session in 0..100 {
            let log = server.log(&format!("s{session}"));
            let numbers = (0..1000).filter(|number| (number % 10) == session / 10);
            let expected: Vec<_> = numbers.map(|number| format!("e{session}-{number}")).collect();
            assert_eq!(log, expected);
        }
        assert_eq!(process.count("session_outbox_deferred"), 100);
        assert_eq!(process.count("session_outbox_recovered"), 100);
    });
}

#[test]
fn texts_beyond_2_mib_of_a_deferred_session_are_on_the_disk_alone() {
    let (disk, server, base) = setting("memory");
    paused().block_on(async {
        let process = Process::new(&disk, &server, &base);
        server.world().refuses = Some(Refusal::NoConnection);
        let text = "x".repeat(64 * 1024);
        let append = |number: usize| {
            let uuid = format!("e{number}");
            let (settle, settled) = tokio::sync::oneshot::channel();
            let body = format!(r#"{{"uuid":"{uuid}","text":"{text}"}}"#).into();
            let settle = Box::new(move |stored| {
                settle.send(stored).ok();
            });
            let entry = (crate::protocol::EntryUuid::new(&uuid).unwrap(), body);
            process.deliveries.append((&process.session("s"), "s"), entry, process.means("s"), settle);
            settled
        };
        let calls: Vec<_> = (0..200).map(append).collect();
        drop(join_all(calls).await);
        process.deliveries.outbox().settled().await;
        // One more: what was written meanwhile can go.
        assert_eq!(append(200).await, Ok(false));
        assert!(process.deliveries.memory("s") <= 2 << 20, "{}", process.deliveries.memory("s"));
        server.world().refuses = None;
        process.deliveries.until_delivered(None).await;
        assert_eq!(server.log("s"), (0..=200).map(|number| format!("e{number}")).collect::<Vec<_>>());
    });
}

#[test]
fn a_full_outbox_refuses_what_is_new_of_a_deferred_session_and_keeps_what_it_has() {
    let (disk, server, base) = setting("full");
    paused().block_on(async {
        let small = |options| OutboxOptions { max_bytes: 2000, ..options };
        let process = Process::with(&disk, &server, &base, small);
        server.world().refuses = Some(Refusal::NoConnection);
        let calls: Vec<_> = (0..20).map(|number| process.append("s", &format!("e{number}"))).collect();
        assert!(join_all(calls).await.iter().all(|settled| *settled == Ok(false)));
        for number in 20..200 {
            assert_eq!(process.append("s", &format!("e{number}")).await, Ok(false));
        }
        assert!(process.count("session_outbox_full") > 0);
        server.world().refuses = None;
        process.deliveries.until_delivered(None).await;
        let log = server.log("s");
        assert!(log.len() > 15 && log.len() < 120, "{}", log.len());
        assert_eq!(log, (0..log.len()).map(|number| format!("e{number}")).collect::<Vec<_>>(), "no gap");
    });
}

#[test]
fn an_append_that_is_to_settle_when_it_is_safe_resolves_true_once_it_is_on_the_disk() {
    let (disk, server, base) = setting("durable");
    paused().block_on(async {
        let durable = |options| OutboxOptions { settle_durable: true, ..options };
        let process = Process::with(&disk, &server, &base, durable);
        server.world().refuses = Some(Refusal::NoConnection);
        let calls: Vec<_> = (0..20).map(|number| process.append("s", &format!("e{number}"))).collect();
        assert!(join_all(calls).await.iter().all(|settled| *settled == Ok(true)));
        disk.lose_power(|| false);
        assert_eq!(crate::outbox::tests::pending_uuids(&disk).len(), 20);
    });
}

#[test]
fn a_failing_server_of_one_session_does_not_stop_those_of_others() {
    let (disk, server, base) = setting("one");
    paused().block_on(async {
        let process = Process::new(&disk, &server, &base);
        server.world().refuses = Some(Refusal::Of("bad", 500));
        assert_eq!(process.append("a", "bad").await, Ok(false));
        assert_eq!(process.append("b", "b1").await, Ok(true), "granted, and then it is closed");
        for number in 2..400 {
            assert_eq!(process.append("b", &format!("b{number}")).await, Ok(true));
            sleep(Duration::from_secs(10)).await;
        }
        server.world().refuses = None;
        process.deliveries.until_delivered(None).await;
        assert_eq!(server.log("a"), ["bad"]);
    });
}

#[test]
fn a_clock_that_steps_by_a_year_changes_neither_what_is_delivered_nor_its_order() {
    const YEAR: u64 = 365 * 24 * 60 * 60 * 1000;
    let steps: [fn(u64) -> u64; 2] = [|now| now + YEAR, |now| now - YEAR];
    for (number, steps_to) in steps.into_iter().enumerate() {
        let (disk, server, base) = setting(&format!("clock-{number}"));
        disk.world().now = 2 * YEAR;
        let step = |disk: &MemoryDisk| {
            let mut world = disk.world();
            world.now = steps_to(world.now);
        };
        server.world().refuses = Some(Refusal::NoConnection);
        paused().block_on(async {
            let process = Process::new(&disk, &server, &base);
            assert_eq!(process.append("s", "e1").await, Ok(false));
            sleep(Duration::from_secs(1)).await;
            step(&disk);
            assert_eq!(process.append("s", "e2").await, Ok(false));
            // A session of its own: its file is made by the new clock.
            assert_eq!(process.append("t", "f1").await, Ok(false));
            sleep(Duration::from_secs(1)).await;
            process.deliveries.end();
        });
        step(&disk);
        let (disk, (server, _killed)) = (disk.next_process(), server.next_process());
        server.world().refuses = None;
        paused().block_on(async {
            let process = Process::new(&disk, &server, &base);
            assert_eq!(process.append("s", "e3").await, Ok(true));
            assert_eq!(process.append("t", "f2").await, Ok(true));
            process.deliveries.end();
        });
        assert_eq!((server.log("s"), server.log("t")), (strings(["e1", "e2", "e3"]), strings(["f1", "f2"])));
        assert_eq!(disk.files(".spool").len(), 0, "nothing is kept, nor buried");
    }
}

fn strings<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).into()
}
